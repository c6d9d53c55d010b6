"""How far a sampler's numbers are from the law that they should follow, with the floor of exact samples.

The distance is `evaluation.line.distance_to_law`, in units of x. The mixtures have an exact denoiser, so that all of
the distance beyond the floor is the sampler's.
"""

import inspect
import math
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
import torch

from claims.ledger import Number
from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.toys import GaussianMixture
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow
from diffusion_lessons.toys.imperfect import Flawed
from diffusion_lessons.toys.one_dimension import wasserstein_1

BROAD = GaussianMixture([[-1.2], [0.3], [1.5]], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
NARROW = GaussianMixture([[-1.2], [0.3], [1.5]], stds=0.02, weights=[0.3, 0.3, 0.4])  # thin, as images lie
MIXTURES = {"broad": BROAD, "narrow": NARROW}
SAMPLES = 4000
SEEDS = 6
FLOOR_SEEDS = 40  # exact samples cost nothing
LINEAR = schedules.ddpm_linear()
EXACT: dict[str, Callable[[GaussianMixture, Path], DenoiserLike]] = {
    "denoiser": lambda mixture, path: mixture.denoiser(path),
    "but for an error in v": lambda mixture, path: Flawed(mixture.denoiser(path), path, 0.2),
    "consistency function": ConsistencyFunction,
    "second flow": lambda mixture, path: ReflowedFlow(mixture),  # on the flow path, whichever is given
}


def over_seeds(name: str, measure: Callable[[int], float], seeds: int = SEEDS) -> Number:
    """The mean over seeds, with its standard error."""
    values = np.array([measure(seed) for seed in range(seeds)])
    return Number(name, float(values.mean()), float(values.std(ddof=1) / math.sqrt(seeds)))


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
) -> Number:
    """The distance to the law after so many steps of a sampler with the exact denoiser, or with another of `EXACT`."""
    target = MIXTURES[mixture]
    denoise = EXACT[exact](target, path)

    def measure(seed: int) -> float:
        generator = torch.Generator().manual_seed(seed)
        x = path.prior((SAMPLES, 1), generator, dtype=torch.float64)
        noisy: dict[str, Any] = (
            {"generator": generator} if "generator" in inspect.signature(samplers.get(sampler)).parameters else {}
        )
        found = samplers.sample(samplers.get(sampler), denoise, x, path, path.grid(steps, spacing), **options, **noisy)
        return wasserstein_1(found, target)

    told = "".join(f", {key} = {value}" for key, value in options.items())
    told += f", {spacing} grid" if spacing != "trailing" else ""
    told += f", exact {exact}" if exact != "denoiser" else ""
    return over_seeds(f"{mixture}: {sampler}{told}, {steps} steps", measure, seeds)


@cache
def floor(mixture: str = "broad") -> Number:
    """What exact samples of the same number score."""
    target = MIXTURES[mixture]
    return over_seeds(
        f"{mixture}: exact samples",
        lambda seed: wasserstein_1(
            target.sample(SAMPLES, torch.Generator().manual_seed(1000 + seed), torch.float64), target
        ),
        FLOOR_SEEDS,
    )


def each(sampler: str, steps: Iterable[int], mixture: str = "broad", **options: Any) -> list[Number]:
    """The distance at several numbers of steps."""
    return [distance(sampler, count, mixture, **options) for count in steps]
