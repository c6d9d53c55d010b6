"""How far a sampler's numbers are from the distribution that they should follow, with the floor of exact samples.

The distance is `toys.one_dimension.wasserstein_1`, in units of x. Each mixture has an exact denoiser, so that whatever
lies beyond the floor is the sampler's own error.
"""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from uncertainties import UFloat

from claims.evidence import named
from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow
from diffusion_lessons.toys.imperfect import Flawed
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import wasserstein_1

BROAD = GaussianMixture([[-1.2], [0.3], [1.5]], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
NARROW = GaussianMixture([[-1.2], [0.3], [1.5]], stds=0.02, weights=[0.3, 0.3, 0.4])  # thin in its space, as images are
MIXTURES = {"broad": BROAD, "narrow": NARROW}
SAMPLES = 4000
SEEDS, MANY_SEEDS = 6, 24
FLOOR_SEEDS = 40  # exact samples cost nothing
LINEAR = schedules.ddpm_linear()
ON_BOTH = "exact mixtures, linear path"
EXACT: dict[str, Callable[[GaussianMixture, Path], DenoiserLike]] = {
    "denoiser": lambda mixture, path: mixture.denoiser(path),
    "but for an error in v": lambda mixture, path: Flawed(mixture.denoiser(path), path, 0.2),
    "consistency function": ConsistencyFunction,
    "second flow": lambda mixture, path: ReflowedFlow(mixture),  # on the flow path, whichever is given
}


def over_seeds(name: str, measure: Callable[[int], float], seeds: int = SEEDS) -> UFloat:
    """The mean over seeds, with its standard error."""
    values = np.array([measure(seed) for seed in range(seeds)])
    return named(name, float(values.mean()), float(values.std(ddof=1) / math.sqrt(seeds)))


@cache
def distance(
    sampler: str,
    steps: int,
    mixture: str = "broad",
    path: Path = LINEAR,
    spacing: str = "trailing",
    exact: str = "denoiser",
    seeds: int = SEEDS,
    **options: Any,
) -> UFloat:
    """The distance after this many steps of a sampler, with the exact denoiser or with another function of `EXACT`."""
    target = MIXTURES[mixture]
    denoise = EXACT[exact](target, path)

    def measure(seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        x = path.prior((SAMPLES, 1), generator, dtype=torch.float64)
        grid = path.grid(steps, spacing)
        ends = samplers.sample(samplers.get(sampler), denoise, x, path, grid, **options, generator=generator)
        return wasserstein_1(ends, target)

    words = "".join(f", {key} = {value}" for key, value in options.items())
    words += f", {spacing} grid" if spacing != "trailing" else ""
    words += f", exact {exact}" if exact != "denoiser" else ""
    return over_seeds(f"{mixture}: {sampler}{words}, {steps} steps", measure, seeds)


@cache
def floor(mixture: str = "broad") -> UFloat:
    """What exact samples of the same number score."""
    target = MIXTURES[mixture]

    def measure(seed: int) -> float:
        generator = torch.Generator().manual_seed(1000 + seed)
        return wasserstein_1(target.sample(SAMPLES, generator, torch.float64), target)

    return over_seeds(f"{mixture}: exact samples", measure, FLOOR_SEEDS)


# The samplers whose few steps are compared with DDPM's thousand, over enough seeds to resolve a factor of 1.25.


def ddpm_in_full(mixture: str) -> UFloat:
    """DDPM in all thousand steps."""
    return distance("ddpm", 1000, mixture, seeds=MANY_SEEDS)


def ddim(steps: int, mixture: str) -> UFloat:
    """DDIM on an even grid."""
    return distance("ddim", steps, mixture, seeds=MANY_SEEDS)


def dpm_solver(steps: int, mixture: str) -> UFloat:
    """DPM-Solver++(2M) on the grid of its paper, even in lambda."""
    return distance("dpm_solver_pp_2m", steps, mixture, spacing="logsnr", seeds=MANY_SEEDS)
