"""What a rule that counts steps does to a solver's curve: the widely copied threshold at 15 steps, reproduced.

Not a sampler of the library, whose solvers never ask how many steps there are: it is here to be measured.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, sampler
from diffusion_lessons.toys import convergence
from diffusion_lessons.toys.convergence import Row, Run

THRESHOLD = 15  # with fewer steps than this the last two are taken at lower order


@sampler(order=2, in_lambda=True, citation="the rule `lower_order_final` of public implementations, reproduced")
def threshold_3m(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """DPM-Solver++(3M) whose second-to-last step is of order 2 below 15 steps and of order 3 from 15 on.

    Its last step, to sigma = 0, is of order 1 in any case. x is [B, ...]; one evaluation a step.
    """
    N = len(times) - 1
    lam = [path.lam(t) for t in times]
    history: list[Tensor] = []  # estimates of the clean sample, the newest last
    for i in range(N):
        t, s, h = times[i], times[i + 1], lam[i + 1] - lam[i]
        history.append(denoise(x, t).x0)
        order = min(3, i + 1)
        if i == N - 1 and math.isinf(h):
            order = 1
        elif i == N - 2 and N < THRESHOLD:
            order = min(order, 2)
        phi_1 = math.expm1(-h)
        change = phi_1 * history[-1]
        if order == 2:
            change = change + phi_1 * h / (2 * (lam[i] - lam[i - 1])) * (history[-1] - history[-2])
        elif order == 3:
            r0, r1 = (lam[i] - lam[i - 1]) / h, (lam[i - 1] - lam[i - 2]) / h
            D1_0, D1_1 = (history[-1] - history[-2]) / r0, (history[-2] - history[-3]) / r1
            phi_2 = phi_1 / h + 1
            D1 = D1_0 + r0 / (r0 + r1) * (D1_0 - D1_1)
            change = change - phi_2 * D1 + (phi_2 / h - 0.5) / (r0 + r1) * (D1_0 - D1_1)
        x = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * change
        yield State(s, x, history[-1])


def last_step_errors(steps: Sequence[int] = range(8, 26), **problem: Any) -> list[Row]:
    """The rule beside ours, which never asks how many steps there are, on grids even in time down to sigma = 0."""
    solvers = {
        "dpm_solver_pp_3m": Run(samplers.dpm_solver_pp_3m),
        f"dpm_solver_pp_3m with the threshold at {THRESHOLD} steps": Run(threshold_3m),
    }
    rows = convergence.errors(solvers, steps=steps, spacing="linspace", t_min=None, **problem)
    return [row._replace(sampler="dpm_solver_pp_3m") for row in rows]
