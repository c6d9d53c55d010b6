"""How far a sampler's numbers are from the distribution that they should follow, on mixtures with an exact denoiser.

The distance is `toys.one_dimension.wasserstein_1` in units of the data's standard deviation. Every run of one seed
starts from the same exact samples of p_T, noised, so that nothing but the sampler's own error is in it, and any two
runs are compared in pairs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from claims.numbers import Number, mean
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
SEEDS = 8
CLOSE = 0.05  # standard deviations of the data: a distance by at most this much larger is about as good
LINEAR, COSINE, FLOW = schedules.ddpm_linear(), schedules.cosine(), schedules.flow()
EXACT: dict[str, Callable[[GaussianMixture, Path], DenoiserLike]] = {
    "denoiser": lambda mixture, path: mixture.denoiser(path),
    "but for an error in v": lambda mixture, path: Flawed(mixture.denoiser(path), path, 0.2),
    "consistency function": ConsistencyFunction,
    "second flow": lambda mixture, path: ReflowedFlow(mixture),  # on the flow path, whichever is given
}


@dataclass(frozen=True)
class Run:
    """A sampler in so many steps on a mixture, with the exact denoiser or another function of `EXACT`."""

    sampler: str
    steps: int
    mixture: str = "broad"
    path: Path = LINEAR
    spacing: str = "trailing"
    exact: str = "denoiser"
    eta: float | None = None
    variance: str | None = None

    def __str__(self) -> str:
        words = [f"{key} = {value}" for key, value in self.options.items()]
        words += [f"{self.spacing} grid"] if self.spacing != "trailing" else []
        words += [f"exact {self.exact}"] if self.exact != "denoiser" else []
        return ", ".join([f"{self.mixture}: {self.sampler} in {self.steps}", *words])

    @property
    def options(self) -> dict[str, Any]:
        return {key: value for key in ("eta", "variance") if (value := getattr(self, key)) is not None}


@cache
def distances(run: Run, seeds: int = SEEDS) -> tuple[float, ...]:
    """The distance of each seed's samples, in standard deviations of the data. All seeds are sampled together."""
    target, path = MIXTURES[run.mixture], run.path
    denoise, grid = EXACT[run.exact](target, path), path.grid(run.steps, run.spacing)
    starts = [noised(target, path, grid[0], torch.Generator().manual_seed(seed)) for seed in range(seeds)]
    generator = torch.Generator().manual_seed(seeds)  # of a stochastic sampler's own noise
    sampler = samplers.get(run.sampler)
    x = samplers.sample(sampler, denoise, torch.cat(starts), path, grid, generator=generator, **run.options)
    return tuple(wasserstein_1(ends, target) / std(target) for ends in x.split(SAMPLES))


def noised(target: GaussianMixture, path: Path, t: float, generator: torch.Generator, n: int = SAMPLES) -> Tensor:
    """Exact samples of the mixture noised to time t, [n, 1]: the right start of a sampler, whatever its grid."""
    x = target.sample(n, generator, torch.float64)
    return path.alpha(t) * x + path.sigma(t) * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def std(target: GaussianMixture) -> float:
    """The standard deviation of a mixture of numbers."""
    middle = (target.weights[:, None] * target.means).sum()
    second = (target.weights[:, None] * (target.variances + target.means**2)).sum()
    return float((second - middle**2).sqrt())


def distance(run: Run, seeds: int = SEEDS) -> Number:
    """The mean distance over seeds."""
    return mean(f"{run}: distance", distances(run, seeds))


def excess(name: str, run: Run, other: Run, seeds: int = SEEDS) -> Number:
    """By how much farther from the distribution one run ends than another, in pairs of one seed."""
    pairs = zip(distances(run, seeds), distances(other, seeds), strict=True)
    return mean(name, [one - another for one, another in pairs])


@cache
def floor(mixture: str = "broad") -> Number:
    """The distance of as many exact samples."""
    target = MIXTURES[mixture]
    draws = (target.sample(SAMPLES, torch.Generator().manual_seed(1000 + seed), torch.float64) for seed in range(40))
    return mean(f"{mixture}: exact samples: distance", [wasserstein_1(x, target) / std(target) for x in draws])
