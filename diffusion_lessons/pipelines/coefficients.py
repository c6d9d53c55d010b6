"""Every deterministic sampler as a table of numbers: each next x is a sum of this x and of clean samples seen so far.

    steps = linear_steps(samplers.dpm_solver_pp_2m, path, path.grid(10))
    write_steps("steps.json", steps, predicts="v")

Samplers touch x only by sums and multiples, and eps_hat = (x - alpha x0_hat) / sigma is one too. So after the k-th look
of the network

    x_{k+1} = r_k x_k + c_k0 x0_hat_k + c_k1 x0_hat_{k-1} + ...

with numbers that depend on the path, the grid and the sampler, and on no network. They are found by running the
sampler itself on symbols: x is a row of coefficients, and each look of the denoiser returns the next unit vector. A
program that has the table needs neither the sampler nor this package: ten lines of any language follow it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate, check_prediction_type
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.samplers.base import Sampler, check_sampler, last_x

ROUNDING = 1e-12  # coefficients below this share of the largest are what rounding left of 0


class LinearStep(NamedTuple):
    """One look of the network, at time t, and what is done with it: x <- keep x + sum_j clean[j] x0_hat_{k-j}.

    alpha and sigma are the path's at t, with which x0_hat follows from what the network predicts; clean[0] belongs to
    the clean sample just seen, clean[1] to the one before it.
    """

    t: float
    alpha: float
    sigma: float
    keep: float
    clean: tuple[float, ...]

    def next(self, x: Tensor, seen: Sequence[Tensor]) -> Tensor:
        """The next x, from this one and the clean samples seen so far, the last of them first."""
        x = self.keep * x
        for weight, x0 in zip(self.clean, seen, strict=False):
            x = x + weight * x0
        return x


class _Symbols:
    """A denoiser of rows of coefficients [1, 1 + looks]: x_T is the first unit vector, x0_hat of look k the k-th."""

    def __init__(self, path: GaussianPath) -> None:
        self.path = path
        self.asked: list[float] = []
        self.rows: list[Tensor] = []

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        self.asked.append(float(t))
        self.rows.append(x[0])
        return Estimate.from_x0(x, _unit(len(self.rows), x.shape[1]), self.path, t)


def linear_steps(
    sampler: Sampler, path: GaussianPath, times: Sequence[float], **options: Any
) -> tuple[LinearStep, ...]:
    """The table of a deterministic sampler on these times of this path: a LinearStep for each look of the network.

    Following it gives what the sampler gives, to rounding. A method of two stages has two rows a step, whose times are
    those of its stages.

    Raises ValueError for a sampler that adds noise, that chooses its own times, or that runs upward.
    """
    check_sampler(sampler)
    info = sampler.info
    if options.get("eta", 0 if info.deterministic else 1) or info.stages is None or info.upward:
        why = "chooses its own times" if info.stages is None else "runs upward" if info.upward else "adds fresh noise"
        raise ValueError(f"{info.name} {why}, so no table of numbers says what it does: take ddim or dpm_solver_pp_2m")
    symbols, looks = _Symbols(path), info.nfe(times, path)
    assert looks is not None
    last = last_x(sampler(symbols, _unit(0, 1 + looks), path, times, **options))
    rows = torch.stack([*symbols.rows, last[0]])
    return tuple(
        LinearStep(t, path.alpha(t), path.sigma(t), *_relative(rows[k], rows[k + 1], k))
        for k, t in enumerate(symbols.asked)
    )


def _unit(place: int, size: int) -> Tensor:
    row = torch.zeros(1, size, dtype=torch.float64)
    row[0, place] = 1.0
    return row


def _relative(before: Tensor, after: Tensor, k: int) -> tuple[float, tuple[float, ...]]:
    """The next row of coefficients, written as a multiple of this one and the clean samples that make up the rest."""
    keep = float(after[0] / before[0])
    rest = (after - keep * before)[1 : k + 2].flip(0)
    rest[rest.abs() < ROUNDING * max(1.0, float(rest.abs().max()))] = 0.0
    clean = rest.tolist()
    while len(clean) > 1 and clean[-1] == 0:
        clean.pop()
    return keep, tuple(clean)


def follow(steps: Sequence[LinearStep], denoise: DenoiserLike, x: Tensor) -> Tensor:
    """The x at the end of the table, from x_T [B, ...]: the sampler run without the sampler, in ten lines."""
    seen: list[Tensor] = []
    with torch.no_grad():
        for step in steps:
            seen.insert(0, denoise(x, step.t).x0)
            x = step.next(x, seen)
    return x


def write_steps(file: str | Path, steps: Sequence[LinearStep], predicts: str, path: GaussianPath) -> Path:
    """Write a table as JSON, for a program that has the network (in ONNX, say) and nothing else; return its path.

        {"predicts": "v", "path": {}, "steps": [{"t": 1000.0, "alpha": 0.0, "sigma": 1.0, "keep": 0.9, "clean": [0.1]}]}

    predicts: what the network returns, of which x0_hat is made: "eps", "x0", "v" or "velocity". Numbers keep all their
    digits. Raises ValueError for a name that does not end in .json, and for an unknown prediction type.
    """
    file = Path(file)
    check_value("path", path, GaussianPath)
    check_prediction_type(predicts, path)
    if file.suffix != ".json":
        raise ValueError(f"a table is a JSON file: give a name that ends in .json; got {str(file)!r}")
    content = {"predicts": predicts, "path": path.card, "steps": [step._asdict() for step in steps]}
    write_atomically(file, json.dumps(content, indent=1).encode())
    return file
