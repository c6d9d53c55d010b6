"""What is checked when a sampler is called: that everything fits together, and that x is what the grid starts from."""

import sys
import warnings
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path as File

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, check_denoiser, check_x
from diffusion_lessons.path import Path, is_prior

PACKAGE = str(File(__file__).parents[1])
DATA_LEFT = 0.05  # alpha / sigma: as much of the data, in units of the noise, may be missing from x_T unnoticed

FLAGS = {  # of the command line, for settings that are not options of a sampler
    **{name: name for name in ("sampler", "steps", "spacing", "scale", "negative", "interval", "rescale", "precision")},
    "label": "label",
    "labels": "label",
    "limit": "no-clip",
    "seed": "seed",
    "generator": "seed",
    "device": "device",
    "batch": "batch, which benchmark and evaluate take",
}


class StartWarning(UserWarning):
    """x is the path's prior, pure noise, and at the time where the grid starts x_t still holds some of the data."""


def check_start(denoise: DenoiserLike, x: Tensor, path: Path) -> None:
    """The denoiser, the path and x fit together, or an error says which does not."""
    if not isinstance(path, Path):
        raise TypeError(f"path must be a path such as schedules.ddpm_linear(); got {type(path).__name__}")
    check_denoiser(denoise)
    check_x(x)
    if getattr(denoise, "path", path) != path:
        raise ValueError(f"the denoiser was made for {denoise.path}, not for {path}; pass path=denoise.path")  # type: ignore[attr-defined]
    shape = getattr(denoise, "shape", None)
    if shape is not None and tuple(x.shape[1:]) != tuple(shape):
        raise ValueError(f"the denoiser takes samples of shape {tuple(shape)}; x holds {tuple(x.shape[1:])}")
    device = getattr(denoise, "device", None)
    if device is not None and device != x.device:
        raise ValueError(f'the network stands on {device} and x on {x.device}; move one: x.to("{device}")')
    check_finite(x)


def check_finite(x: Tensor) -> None:
    """The only check that reads values: on a GPU it has to wait, once, before the first step."""
    if not torch.isfinite(x).all():
        raise ValueError("x holds NaN or infinite values; start from path.prior(shape)")


def check_steps(denoise: DenoiserLike, times: Sequence[float]) -> None:
    """Raise a ValueError where a student that was trained for a few steps only (`Denoiser.times`) is given others."""
    own = getattr(denoise, "times", None)
    if own is not None and not set(pairwise(times)) <= set(pairwise((*own, 0.0))):
        trained, given = (" -> ".join(f"{t:g}" for t in grid) for grid in ((*own, 0.0), times))
        given = f"the {len(times) - 1} steps {given}" if len(times) < 10 else f"{len(times) - 1} steps"
        raise ValueError(
            f"this network is a student, trained for the steps {trained} and no others; asked for {given}. "
            f'Use steps={len(own)} with spacing="trailing"'
        )


def warn_of_start(x: Tensor, path: Path, t: float, upward: bool = False) -> None:
    """Warn once where x comes from `path.prior` and the first time t is one at which x_t is not all noise.

    What is missing is the mean alpha x_0, of the size alpha / sigma in units of the noise. Up to 0.05 nothing is said:
    a DDPM path of 1000 steps ends at 0.006, EDM's at 0.0125, cosine and flow at 0. Above it the samples become too
    alike in what is largest in a picture, such as its mean brightness (Lin et al. 2023,
    https://arxiv.org/abs/2305.08891, section 3). An x of one's own is never complained of: it may hold the data.
    """
    if upward or path.sigma(t) == 0 or not is_prior(x) or not holds_data(path, t):
        return
    if t < path.t_max:
        start = f"this grid starts at t = {t:g}, where alpha = {path.alpha(t):.3g} and sigma = {path.sigma(t):.3g}"
        remedy = 'take spacing="trailing", whose first time is T, or start from x_t = path.add_noise(data, noise, t)'
    else:
        start = f"this path ends at t = {t:g} with alpha = {path.alpha(t):.3g}"
        remedy = "take more steps or larger betas, or start from x_T = path.add_noise(data, noise, T)"
    warnings.warn(
        f"{start}: x_t still holds some of the data, and x, from path.prior, holds none; {remedy}",
        StartWarning,
        stacklevel=_frames_inside(),
    )


def holds_data(path: Path, t: float) -> bool:
    """Whether x_t keeps so much of the data that a sampler which starts there from pure noise will miss it."""
    return path.alpha(t) > DATA_LEFT * path.sigma(t)


def instead(name: str, settings: Sequence[str]) -> str:
    """How to give a setting that was taken for an option of the sampler; nothing for an unknown name."""
    if name in FLAGS:
        return f"; give --{FLAGS[name]}"
    return f"; no command takes it: in Python, Settings({name}=...)" if name in settings else ""


def _frames_inside() -> int:
    """The stacklevel that lays a warning at the line which called into this package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
