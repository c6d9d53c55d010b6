"""Rows of the trained networks' tables with the numbers that a verdict is tested on, and exact distances likewise."""

from dataclasses import replace
from typing import Any

from uncertainties import UFloat

from claims.evidence import named
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.metrics.scores import Score
from tests.benchmark import made

REAL = {"frechet": 1.0, "adherence": 0.99, "recall": 0.9, "coverage": 0.9, "diversity": 5.0, "excess": 0.0}
SPREAD = 0.01


def row(
    sampler: str,
    steps: int,
    frechet: float = 2.0,
    spread: float = SPREAD,
    *,
    seconds: float | None = None,
    samples: int = 2000,
    metrics: dict[str, float] | None = None,
    **chosen: Any,
) -> Measurement:
    """A row of `tests.benchmark.made` with latency, more metrics, and settings changed as `chosen` says."""
    plain = made.row("net", sampler, steps, frechet, spread, samples=samples)
    more = {name: Score(value, SPREAD, REAL.get(name, 1.0), SPREAD, samples) for name, value in (metrics or {}).items()}
    return replace(
        plain,
        settings=plain.settings.changed(**chosen),
        quality={**plain.quality, **more},
        seconds_per_image=seconds,
        seconds_q1=seconds,
        seconds_q3=seconds,
    )


def errors(ddim: float, solver: float, chain: float = 0.02, spread: float = 1e-4):
    """A stand-in for `distances.distance`: errors fall as 1 / steps (DDIM) and 1 / steps^2 (the solver) to DDPM's."""
    values = {
        "ddim": lambda steps: chain + ddim / steps,
        "dpm_solver_pp_2m": lambda steps: chain + solver / steps**2,
        "ddpm": lambda steps: chain,
    }

    def distance(sampler: str, steps: int, mixture: str, **options: Any) -> UFloat:
        return named(f"{sampler} {steps}", values[sampler](steps), spread)

    return distance


# 100 steps of DDIM and 10 of the solver are as good as DDPM; 20 and 10 are; none are; nothing can be told
EXACT_ERRORS = (
    errors(ddim=0.45, solver=0.5),
    errors(ddim=0.001, solver=0.001),
    errors(ddim=10, solver=100),
    errors(ddim=0.5, solver=0.5, spread=0.01),
)
