"""Orders of accuracy, measured: the error of every sampler against the exact flow of a mixture of Gaussians.

rows = errors()           # sampler, steps, evaluations, error
slopes(rows)              # {"ddim": 1.0, "dpm_solver_2": 2.0, ...}
"""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import Sampler
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.mixtures import GaussianMixture

MIXTURE = GaussianMixture(
    [[-1.0, 0.3], [0.8, -0.5], [0.2, 1.0]], stds=[0.25, 0.35, 0.2], weights=[0.3, 0.5, 0.2]
)  # a single Gaussian would flatter the third order
STEPS = (4, 8, 16, 32, 64, 128, 256, 512)
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)  # of the adaptive sampler, which chooses its steps
T_MIN = 0.02  # of the flow path; a last step to sigma = 0 would hide the order
ROUNDING = 1e-12  # errors below this are not the sampler's


class Run(NamedTuple):
    """A sampler with options, as one line of the figure."""

    sampler: Sampler
    options: dict[str, Any] = {}  # noqa: RUF012 - a tuple's default is never changed


class Row(NamedTuple):
    """One point: the root mean square distance to the exact solution, at a number of steps and evaluations."""

    name: str  # of the line: the sampler's, with options in brackets
    sampler: str
    steps: int
    nfe: float
    error: float


def solvers() -> dict[str, Run]:
    """Every deterministic sampler whose times the caller chooses, and the corrected 3M."""
    on_grids = {n: Run(s) for n, s in samplers.ALL.items() if s.info.deterministic and s.info.stages is not None}
    corrected = Run(samplers.dpm_solver_pp_3m, {"corrected": True})
    return {**on_grids, "dpm_solver_pp_3m (corrected)": corrected}


def errors(
    which: Mapping[str, Run] | None = None,
    *,
    path: Path | None = None,
    steps: Iterable[int] = STEPS,
    spacing: str = "logsnr",
    t_min: float | None = T_MIN,
    mixture: GaussianMixture = MIXTURE,
    points: int = 32,
    seed: int = 0,
) -> list[Row]:
    """The error of each run at each number of steps, on grids of this spacing down to `t_min` (None: to the data).

    The path is the flow path unless another is given. Points start as Gaussian noise at the grid's first time and are
    carried by the exact denoiser in double precision, so that nothing but the sampler's own error is measured.
    """
    path = path if path is not None else schedules.flow()
    denoise, x = mixture.denoiser(path), _noise(path, mixture, points, seed)
    rows = []
    for name, (sampler, options) in (solvers() if which is None else which).items():
        for N in steps:
            times = path.grid(N, spacing, t_min)
            exact = _exact(path, mixture, points, seed, times[0], times[-1])
            counted = count_calls(denoise)
            error = _rms(samplers.sample(sampler, counted, x, path, times, **options) - exact)
            rows.append(Row(name, sampler.info.name, N, counted.nfe, error))
    return rows


def adaptive_errors(
    *,
    path: Path | None = None,
    tolerances: Iterable[float] = TOLERANCES,
    t_min: float | None = T_MIN,
    mixture: GaussianMixture = MIXTURE,
    points: int = 32,
    seed: int = 0,
) -> list[Row]:
    """The same for the adaptive sampler, whose steps follow from a tolerance."""
    path = path if path is not None else schedules.flow()
    denoise, x = mixture.denoiser(path), _noise(path, mixture, points, seed)
    times = (path.t_max, t_min or 0.0)
    exact = _exact(path, mixture, points, seed, *times)
    rows = []
    for tolerance in tolerances:
        counted = count_calls(denoise)
        adaptive = samplers.dpm_solver_adaptive
        states = samplers.trace(adaptive, counted, x, path, times, rtol=tolerance, atol=tolerance)
        nfe, error = counted.nfe, _rms(states[-1].x - exact)
        rows.append(Row(adaptive.info.name, adaptive.info.name, len(states) - 1, nfe, error))
    return rows


def slopes(rows: Iterable[Row], at_least: int = 128) -> dict[str, float]:
    """-d log(error) / d log(steps) of each line, by least squares over its points of `at_least` steps and more.

    With fewer steps the lines are not straight yet. An adaptive sampler has no slope, as its steps differ in length.
    """
    lines: dict[str, list[Row]] = {}
    for row in rows:
        adaptive = row.sampler in samplers.ALL and samplers.ALL[row.sampler].info.stages is None
        if row.steps >= at_least and row.error > ROUNDING and not adaptive:
            lines.setdefault(row.name, []).append(row)
    return {
        name: -float(np.polyfit([math.log(r.steps) for r in line], [math.log(r.error) for r in line], 1)[0])
        for name, line in lines.items()
        if len(line) > 1
    }


def _noise(path: Path, mixture: GaussianMixture, points: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return path.prior((points, *mixture.shape), generator=generator, dtype=torch.float64)


@lru_cache(maxsize=64)  # a panel measures one problem again and again
def _exact(path: Path, mixture: GaussianMixture, points: int, seed: int, start: float, end: float) -> torch.Tensor:
    x = _noise(path, mixture, points, seed)
    return exact_flow(mixture.denoiser(path), x, path, (start, end))[-1].x


def _rms(difference: torch.Tensor) -> float:
    return difference.square().mean().sqrt().item()
