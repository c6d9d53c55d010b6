"""Many steps and much training: real images noised to a level and denoised, and eight images learned by heart."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.benchmark.levels import denoised_from
from diffusion_lessons.clinic.case import Case
from diffusion_lessons.clinic.losses import errors_by_level, reached
from diffusion_lessons.clinic.short_run import fresh, trained_on

LEVELS = (0.6, 2.5, 15.0)
BY_HEART = (0.15, 0.3, 0.6, 1.2)  # below these levels one of eight images is known by what is left of it


class Chain(NamedTuple):
    """What becomes of real images that are noised to a level: their variance around the mean image, in units of theirs.

    One step gives the conditional mean, which is too smooth: its variance and the loss add up to 1. Many steps give
    samples, whose variance is 1 again.
    """

    level: float
    one: float
    loss: float
    many: float


def from_levels(
    case: Case, rows: Tensor, levels: tuple[float, ...] = LEVELS, *, steps: int = 10, seed: int = 0
) -> list[Chain]:
    """The images of these rows noised to each level, denoised in one step and in many by the library's own sampler."""
    x0 = case.images[rows]
    conditions = None if case.conditions is None else case.conditions[rows]
    generator, found = torch.Generator().manual_seed(seed), []
    for level, t in reached(case.denoise.path, levels).items():
        eps = torch.randn(x0.shape, generator=generator)
        x = case.denoise.path.add_noise(x0, eps, t)
        with torch.no_grad():
            one = (case.denoise(x, t) if conditions is None else case.denoise(x, t, conditions)).x0
        many = denoised_from(case.denoise, x0, conditions, eps, t, steps=steps)
        unit = variance(x0)
        loss = (one - x0).square().mean().item()
        found.append(Chain(level, variance(one) / unit, loss / unit, variance(many) / unit))
    return found


def variance(x: Tensor) -> float:
    """The mean over pixels of the variance over images [n, ...]."""
    return x.var(dim=0).mean().item()


def overfit(
    denoise: Any,
    images: Tensor,
    conditions: Tensor | None = None,
    *,
    steps: int = 200,
    rate: float = 2e-3,
    seed: int = 0,
) -> tuple[float, float]:
    """The mean squared error on eight images, in units of their variance, before and after training on them alone.

    The training starts from fresh weights: what a network learned before would say nothing of how it is trained. A
    network, a loss and an optimiser that fit together learn eight images by heart in a few hundred steps. If the error
    does not fall to almost nothing, look for the fault in these three and not in the data or the patience.

    Raises ValueError for a denoiser without a network.
    """
    few, told = images[:8], None if conditions is None else conditions[:8]
    untrained = fresh(denoise, seed)
    after, _ = trained_on(untrained, few, told, steps=steps, rate=rate, seed=seed)

    def error(one: Any) -> float:
        found = errors_by_level(one, few, told, seed=seed)
        kept = [number for number, level in enumerate(found.levels) if level in BY_HEART]
        return found.mean[kept].mean().item() / variance(few)

    return error(untrained), error(after)
