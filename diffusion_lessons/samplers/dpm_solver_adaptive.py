"""DPM-Solver with steps of its own choosing: two orders from the same evaluations, their difference as the error.

Lu et al., "DPM-Solver", 2022, section 3.4 and appendix C (https://arxiv.org/abs/2206.00927).
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, above, one_of, sampler
from diffusion_lessons.samplers.ddim import ddim_step
from diffusion_lessons.samplers.dpm_solver import second_order_step, third_order_step

FIRST_STEP = 0.05  # in lambda
SAFETY = 0.9
SMALLEST_ERROR = 1e-6  # the two orders can agree exactly; the next step is then long, not infinite


def _start_and_end(path: Path, times: Sequence[float], **options: object) -> None:
    if len(times) != 2:
        raise ValueError(
            "dpm_solver_adaptive chooses its own times: give it times=(start, end), such as (path.T, 0); "
            f"got {len(times)} times"
        )


@sampler(
    order=3,
    stages=None,
    in_lambda=True,
    citation="Lu et al. 2022a, section 3.4",
    fits=_start_and_end,
    pair=one_of("12", "23"),
    rtol=above(0),
    atol=above(0),
)
def dpm_solver_adaptive(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    pair: str = "23",
    rtol: float = 0.05,
    atol: float = 0.0078,
) -> Iterator[State]:
    """Go on where two orders agree; where they do not, stay and try a shorter step.

        delta = max(atol, rtol |x_low|, rtol |x_before|)
        E = sqrt(mean(((x_high - x_low) / delta)^2)),   accept x_high if E <= 1
        h <- 0.9 h E^(-1 / order)                        the step in lambda, at most what is left

    `times` are (start, end). `pair` names the two orders: "12" is first against second, "23" second against third.
    x is [B, ...]; E is that of the worst sample, so the steps of a batch are not those of each sample alone. An
    accepted step yields a State and costs as many evaluations as its higher order, a rejected one yields none and
    costs one less. From alpha = 0 DDIM leads to `path.t_max`, and from `path.t_min` to sigma = 0. The default
    tolerances are the paper's, for images in [-1, 1]. Raises FloatingPointError where an estimate is not finite.
    """
    step, order = (second_order_step, 2) if pair == "12" else (third_order_step, 3)
    t, end = times
    estimate = denoise(x, t)
    if path.alpha(t) == 0:
        t = max(path.t_max, end)
        x = ddim_step(estimate, path, t)
        yield State(t, x, estimate.x0)
        if t == end:
            return
        estimate = denoise(x, t)
    last = end if path.sigma(end) > 0 else min(path.t_min, t)
    h, low_before = FIRST_STEP, x
    while t > last:
        whole = path.lam(last) - path.lam(t)
        s = last if h >= whole else path.t_of_lam(path.lam(t) + h)
        high, low = step(denoise, estimate, path, t, s)
        delta = (rtol * torch.maximum(low.abs(), low_before.abs())).clamp(min=atol)
        E = ((high - low) / delta).reshape(len(x), -1).square().mean(dim=1).sqrt().max().item()  # of the worst sample
        if not math.isfinite(E):
            raise FloatingPointError(
                f"the denoiser's estimates are NaN or infinite at t = {t:g} or inside the step to {s:g}"
            )
        if E <= 1:
            t, low_before = s, low
            yield State(t, high, estimate.x0)
            if t > end:
                estimate = denoise(high, t)
        h = SAFETY * min(h, whole) * max(E, SMALLEST_ERROR) ** (-1 / order)
    if t > end:
        yield State(end, ddim_step(estimate, path, end), estimate.x0)
