"""Rows of tables as sweeps write them, with the numbers that a test wants, and an evaluator of points."""

import numpy as np
from torch import Tensor

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings

FLOOR, FLOOR_SPREAD = 1.0, 0.03
_lucks: dict[tuple[str, str, int], int] = {}  # each row has luck of its own


def replicates(value: float, spread: float, luck: int, groups: int = 25) -> tuple[float, ...]:
    """The figure without each group: it has this standard error, and shares nothing with that of another luck."""
    cosines = np.cos(np.pi * (np.arange(groups) + 0.5) * (luck % (groups - 1) + 1) / groups)
    return tuple(value + spread * (2 / (groups - 1)) ** 0.5 * cosines)


def row(
    checkpoint: str,
    sampler: str,
    steps: int,
    frechet: float,
    spread: float = 0.01,
    *,
    samples: int = 2000,
    nfe: int = 0,
) -> Measurement:
    """A clipped, unguided row; one evaluation a step unless `nfe` says otherwise."""
    luck = _lucks.setdefault((checkpoint, sampler, steps), len(_lucks))
    return Measurement(
        Settings(sampler, steps),
        nfe=nfe or steps,
        checkpoint=checkpoint,
        checkpoint_sha256=checkpoint,
        network="unet",
        parameters=1000,
        device="cpu",
        threads=1,
        cores=2,
        load=0.0,
        python="3.11",
        torch="2",
        version="0.1.0",
        seed=0,
        samples=samples,
        features="made features",
        features_sha256="made",
        quality={"frechet": score(frechet, spread, samples, luck)},
    )


def score(value: float, spread: float, samples: int = 2000, luck: int = 0, floor: float = FLOOR) -> Score:
    """A score whose error pairs."""
    return Score(value, spread, floor, FLOOR_SPREAD, samples, replicates(value, spread, luck))


def teacher(name: str = "net", one: float = 13.0, **more: int) -> list[Measurement]:
    """A table of the plan `few`: 12 beyond the floor in one step, 4 in two, 1 in four, 0.4 in eight and in twenty."""
    ways = (("ddim", 1, one), ("ddim", 2, 6.0), ("dpm_solver_pp_2m", 2, 5.0), ("ddim", 4, 2.0), ("ddim", 8, 1.4))
    return [row(name, *way, **more) for way in (*ways, ("dpm_solver_pp_2m", 20, 1.4))]


def of_points(train: Tensor, held_out: Tensor) -> Evaluator:
    """The evaluator of toys: points [n, d] are their own features, and have no labels."""
    real = Features(train.flatten(1)), Features(held_out.flatten(1))
    return Evaluator("points", "none", *real, lambda x, _: Features(x.flatten(1)))
