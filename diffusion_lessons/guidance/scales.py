"""Guidance scales: numbers, one for each sample, or functions of the noise level; and what others call them."""

import math
from collections.abc import Callable, Sequence
from numbers import Real

import torch
from torch import Tensor

from diffusion_lessons.path import Path

Number = float | Tensor  # one for all samples, or one for each, [B]
Scale = Number | Callable[[Number], Number]  # or a function of the noise level sigma / alpha

# Which letter a publication or library writes: its "s" is our scale, its "w" is s - 1.
CONVENTIONS: dict[str, str] = {
    "Ho and Salimans 2022, w": "w",
    "GLIDE (Nichol et al. 2021), s": "s",
    "Imagen (Saharia et al. 2022), w": "s",
    "Latent and Stable Diffusion, scale": "s",
    "diffusers pipelines, guidance_scale": "s",
    "Latent consistency models (Luo et al. 2023), omega": "w",
    "Kynkäänniemi et al. 2024 (guidance interval), w": "s",
}


def scale_from_w(w: Number) -> Number:
    """s = 1 + w, for papers that write (1 + w) eps_cond - w eps_uncond; see `CONVENTIONS`."""
    return 1 + w


def noise_level(path: Path, t: Number) -> Number:
    """sigma / alpha = exp(-lambda), the same clock on every path; infinite where alpha is 0."""
    return torch.exp(-path.lam(t)) if isinstance(t, Tensor) else math.exp(-path.lam(t))


def within(scale: Scale, low: float, high: float) -> Callable[[Number], Number]:
    """The scale at noise levels in (low, high] and 1 outside, where the plain conditional estimate costs half.

    The result is a scale like any other, a function of the noise level. Kynkäänniemi et al. 2024 (https://arxiv.org/abs/2404.07724).
    """
    check_interval((low, high))

    def scale_at(level: Number) -> Number:
        if isinstance(level, Tensor):  # [B]: each sample stands at its own level
            value = torch.as_tensor(scale(level) if callable(scale) else scale, dtype=level.dtype, device=level.device)
            return torch.where((level > low) & (level <= high), value, torch.ones_like(level))
        if not low < level <= high:
            return 1.0
        return scale(level) if callable(scale) else scale

    return scale_at


def check_interval(interval: Sequence[float]) -> None:
    """Raise a ValueError for what is no interval (low, high] of noise levels."""
    numbers = isinstance(interval, list | tuple) and all(isinstance(end, Real) for end in interval)
    if not numbers or len(interval) != 2 or not 0 <= interval[0] < interval[1]:
        raise ValueError(f"interval must be (low, high) in noise level, 0 <= low < high; got {interval!r}")


def as_scale(scale: Scale | Sequence[float]) -> Scale:
    """The scale as a function, a float or a tensor [B] in double precision; a ValueError for anything else."""
    if callable(scale):
        return scale
    try:
        values = torch.as_tensor(scale, dtype=torch.float64, device="cpu")
    except (TypeError, ValueError, RuntimeError):  # a text, None, rows of several lengths
        values = torch.empty(0)
    if values.ndim > 1 or values.numel() == 0 or not values.isfinite().all():
        raise ValueError(f"scale must be a finite number, one for each sample, or a function; got {scale!r}")
    return float(values) if values.ndim == 0 else values
