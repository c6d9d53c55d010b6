"""Is it the network? Its squared error on real images, level by level, beside that of the best linear denoiser.

How small the loss of a network can become depends on the data, and nobody knows it. But a denoiser that a page of
linear algebra gives, the best linear one, bounds it from above: a network that is worse than that is not "hard to
train", it is wrong.
"""

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.benchmark.levels import LEVELS
from diffusion_lessons.denoisers.conditions import null_condition, takes_condition
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path

COUNT = 200  # images that are noised and denoised


class LinearDenoiser:
    """The best linear denoiser of images [N, ...]: exact if they were Gaussian with their mean and covariance.

    x0_hat = m + C (C + L^2)^-1 (x_t / alpha - m), with L = sigma / alpha (Wiener's filter).
    """

    def __init__(self, images: Tensor, path: Path) -> None:
        flat = images.flatten(1).double()
        self.path, self.mean = path, flat.mean(dim=0)
        values, self.axes = torch.linalg.eigh(torch.cov(flat.T))
        self.variances = values.clamp(min=0)

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        alpha, sigma = self.path.scales(t, x.double())
        level = torch.as_tensor((sigma / alpha) ** 2, dtype=torch.float64).reshape(-1, 1)  # [1, 1] or [B, 1]
        seen = (x.double() / alpha).flatten(1) - self.mean  # [B, d]
        along = (seen @ self.axes) * self.variances / (self.variances + level)
        x0 = (self.mean + along @ self.axes.T).view(x.shape).to(x.dtype)
        return Estimate.from_x0(x, x0, self.path, t)


class Errors(NamedTuple):
    """Squared errors of x0_hat, [levels, images], and how the errors lie to the estimates, [levels]."""

    levels: tuple[float, ...]
    squared: Tensor
    overlap: Tensor  # <x0_hat, x_0 - x0_hat> / <x_0, x_0>: 0 for a conditional mean, whose error is orthogonal to it

    @property
    def mean(self) -> Tensor:
        """The mean squared error at each level, [levels]."""
        return self.squared.mean(dim=1)


def reached(path: Path, levels: tuple[float, ...] = LEVELS) -> dict[float, float]:
    """Those noise levels that the path reaches, each with its time."""
    times = {level: float(path.t_of_lam(-math.log(level))) for level in levels}
    return {level: t for level, t in times.items() if math.isclose(-path.lam(t), math.log(level), abs_tol=0.01)}


def errors_by_level(
    denoise: Any, images: Tensor, conditions: Tensor | None = None, *, path: Path | None = None, seed: int = 0
) -> Errors:
    """The errors of a denoiser on images [n, ...] noised to each level, the same noise for every denoiser."""
    path = path or denoise.path
    generator = torch.Generator().manual_seed(seed)
    squared, overlap, levels = [], [], reached(path)
    for t in levels.values():
        eps = torch.randn(images.shape, generator=generator)
        x = path.add_noise(images, eps, t)
        with torch.no_grad():
            x0 = (denoise(x, t) if conditions is None else denoise(x, t, conditions)).x0.float()
        squared.append((x0 - images).square().flatten(1).mean(dim=1))
        overlap.append((x0 * (images - x0)).sum() / images.square().sum())
    return Errors(tuple(levels), torch.stack(squared), torch.stack(overlap))


def errors_by_label(denoise: Any, images: Tensor, conditions: Tensor, seed: int = 0) -> dict[str, Errors]:
    """The errors with the right conditions, with others ("wrong"), and with none ("null") where there is a null.

    For exact denoisers right <= null <= wrong: without a condition the best answer is the mean over all conditions, and
    no other condition's answer is nearer to the truth than that.
    """
    found = {"right": errors_by_level(denoise, images, conditions, seed=seed)}
    found["wrong"] = errors_by_level(denoise, images, others(conditions, seed), seed=seed)
    if takes_condition(denoise):
        null = null_condition(denoise).expand_as(conditions)
        found["null"] = errors_by_level(denoise, images, null, seed=seed)
    return found


def others(conditions: Tensor, seed: int = 0) -> Tensor:
    """The conditions [n, ...] in another order: those of other images."""
    return conditions[torch.randperm(len(conditions), generator=torch.Generator().manual_seed(seed))]


class NullCost(NamedTuple):
    """What no condition costs, against what a wrong one costs, in losses of all levels up to one.

    share  (null - right) / (wrong - right); NaN where a wrong condition costs nothing
    sure   by how many standard errors over the images it is above `most`
    """

    share: float
    sure: float


def null_cost(found: dict[str, Errors], below: float, most: float = 0.5) -> NullCost:
    """What no condition costs: `found` as of `errors_by_label`, all levels up to `below` taken together.

    Where x_t says nothing of the condition, the best answer without one is the mean, and its share is one half:
    E|c - mean|^2 = E|c - c'|^2 / 2. Where x_t shows what it is, no condition is needed, and the share falls to 0. An
    answer that is like that of another condition has 1.
    """
    shown = [number for number, level in enumerate(found["right"].levels) if level <= below]
    right, null, wrong = (found[kind].squared[shown].sum(dim=0) for kind in ("right", "null", "wrong"))
    more, dear = null - right, wrong - right
    wrongs = dear.mean().item()
    return NullCost(more.mean().item() / wrongs if wrongs > 0 else math.nan, standard_errors(more - most * dear))


def standard_errors(values: Tensor) -> float:
    """How many standard errors of their mean the mean of these values [n] lies above 0."""
    return (values.mean() / (values.std() / len(values) ** 0.5).clamp(min=1e-9)).item()


@torch.no_grad()
def null_distance(denoise: Any, images: Tensor, conditions: Tensor, *, draws: int = 100, seed: int = 0) -> float:
    """How far the answer without a condition lies from the mean of the answers with one, at the highest noise level.

        |x0_hat(null) - mean_c x0_hat(c)|^2 / mean_c |x0_hat(c) - mean|^2

    Where x_t says nothing of c, the best answer without a condition is that mean: E[x_0] = sum_c p(c) E[x_0 | c]. So 0
    is right, to 1 / draws, since c is drawn from the conditions; an answer that is like any one condition's has 1.
    """
    generator, few = torch.Generator().manual_seed(seed), images[:24]
    t = list(reached(denoise.path).values())[-1]
    x = denoise.path.add_noise(few, torch.randn(few.shape, generator=generator), t)
    rows = torch.randint(len(conditions), (draws,), generator=generator)
    told = torch.stack([denoise(x, t, conditions[row].expand(len(x), *conditions.shape[1:])).x0 for row in rows])
    null = denoise(x, t, null_condition(denoise).expand(len(x), *conditions.shape[1:])).x0
    return ((null - told.mean(dim=0)).square().mean() / told.var(dim=0).mean().clamp(min=1e-12)).item()
