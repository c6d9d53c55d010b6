"""Where to put N steps: the grid with the smallest sum of local errors, found by dynamic programming.

times = place_steps(denoise, x, path, steps=10)
samples = sample(samplers.ddim, denoise, x, path, times)

A step of DDIM from t to *any* s is arithmetic once x0_hat(x_t, t) is known. One fine run over M times, which costs M
evaluations, therefore knows the error of each of its M (M + 1) / 2 possible steps. (A second run beside it says how
much of each error is left at the end.) Sources: Watson et al. 2021,
"Learning to efficiently sample from diffusion probabilistic models" (https://arxiv.org/abs/2106.03802), who choose a
grid by dynamic programming on a bound of the likelihood; Chen et al. 2024, "On the trajectory regularity of ODE-based
diffusion sampling" (https://arxiv.org/abs/2405.11326), section 4, who do it on local errors as here.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.grids import check_times
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import fresh_noise
from diffusion_lessons.samplers.ddim import ddim_step

FINE = 100  # steps of the fine run, unless it is said otherwise


@torch.no_grad()
def local_errors(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    nudge: float = 1e-3,
    generator: torch.Generator | None = None,
) -> Tensor:
    """e[i, j]: what one DDIM step from times[i] to times[j] misses, in the size that it has at the end; float64.

        e_ij = g_j sqrt(mean |x_ij - x_j|^2),   g_j = mean |x'_M - x_M| / |x'_j - x_j|

    x_j is where DDIM over all M + 1 `times` stands at times[j], and x_ij where one step from x_i leads. Not every miss
    counts the same: at high noise most of it is forgotten on the way down. g_j says how much stays, from a second run
    x' that starts `nudge` standard deviations beside the first. The shape is [M + 1, M + 1], infinite for j <= i, and 0
    next to the diagonal, where the step is the fine run's own.

    x [B, ...] starts the fine run; 2 M evaluations. Raises ValueError for times that are no grid of the path.
    """
    times = check_times(times, path.T)
    beside = x + nudge * path.sigma(times[0]) * fresh_noise(x, generator)
    stands, estimates = [x], []
    apart = [_size(beside - x)]  # [B] at each time
    for t, s in pairwise(times):
        estimates.append(denoise(stands[-1], t))
        stands.append(ddim_step(estimates[-1], path, s))
        beside = ddim_step(denoise(beside, t), path, s)
        apart.append(_size(beside - stands[-1]))
    errors = torch.full((len(times), len(times)), math.inf, dtype=torch.float64)
    for j, s in enumerate(times):
        growth = torch.where(apart[j] > 0, apart[-1] / apart[j].clamp(min=1e-300), 0.0).mean()  # nothing stays of 0
        for i in range(j):
            missed = _size(ddim_step(estimates[i], path, s) - stands[j])
            errors[i, j] = growth * missed.square().mean().sqrt()
    return errors


def _size(difference: Tensor) -> Tensor:
    """The root mean square of each sample, [B, ...] -> [B], float64."""
    return difference.detach().cpu().double().reshape(len(difference), -1).square().mean(dim=1).sqrt()


def cheapest(errors: Tensor, steps: int) -> list[int]:
    """The increasing indices 0 = i_0 < ... < i_steps = M whose errors e[i_k, i_k+1] have the smallest sum.

        best_1(j) = e[0, j],   best_n(j) = min_i best_{n-1}(i) + e[i, j]

    Time and memory grow as steps M^2 and steps M. Raises ValueError for a table that is not square or has fewer
    columns than steps + 1.
    """
    if errors.ndim != 2 or errors.shape[0] != errors.shape[1]:
        raise ValueError(f"a table of errors is square, from each time to each; got shape {list(errors.shape)}")
    if not 1 <= steps < len(errors):
        raise ValueError(f"between 1 and {len(errors) - 1} steps fit into {len(errors)} times; got {steps!r}")
    best = errors[0]  # [M + 1]: the sum with one step
    before = []
    for _ in range(steps - 1):
        best, i = (best[:, None] + errors).min(dim=0)
        before.append(i)
    indices = [len(errors) - 1]
    for i in reversed(before):
        indices.append(int(i[indices[-1]]))
    return [0, *reversed(indices)]


def place_steps(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    steps: int,
    times: Sequence[float] | None = None,
    generator: torch.Generator | None = None,
) -> tuple[float, ...]:
    """The `steps` + 1 times, out of the fine grid `times`, on which DDIM's local errors have the smallest sum.

    times: of the fine run, `path.grid(100, spacing="logsnr")` by default. x [B, ...] starts it: noise from the prior,
    at least some 16 samples. The grid is made for this network; test it on other noise. See `local_errors`.
    """
    times = tuple(times) if times is not None else path.grid(max(FINE, steps), spacing="logsnr")
    indices = cheapest(local_errors(denoise, x, path, times, generator=generator), steps)
    return tuple(times[i] for i in indices)
