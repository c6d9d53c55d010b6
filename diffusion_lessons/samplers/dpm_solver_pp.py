"""DPM-Solver++: the same ODE solved for the clean sample instead of the noise, which stays stable under guidance.

Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models", 2022
(https://arxiv.org/abs/2211.01095). From time t down to s, with h = lambda_s - lambda_t > 0,

    x_s = (sigma_s / sigma_t) x_t + sigma_s int_{lambda_t}^{lambda_s} e^lambda x0_hat(x_lambda, lambda) dlambda

(proposition 4.1). x0_hat held constant gives x_s = (sigma_s / sigma_t) x_t - alpha_s (e^-h - 1) x0_hat, which is DDIM.
Higher orders put a better average D of x0_hat in its place: from a look inside the step (2S), or, for no further
evaluation, from the steps before (2M, 3M).

From alpha = 0 or to sigma = 0 the step is infinitely long in lambda, e^-h is 0 and D is x0_hat: as DDIM does.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, fresh_noise, sampler, yes_or_no

LONGEST = 2.0  # times the step before: where 3M stops trusting its parabola


@sampler(order=2, stages=2, in_lambda=True, citation="Lu et al. 2022b, algorithm 1")
def dpm_solver_pp_2s(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """DPM-Solver++(2S): walk to the middle of the step (in lambda), and use the clean sample seen there for all of it.

        u   = (sigma_1 / sigma_t) x_t - alpha_1 (e^(-h/2) - 1) x0_hat(x_t, t)     at lambda_1 = lambda_t + h / 2
        x_s = (sigma_s / sigma_t) x_t - alpha_s (e^-h - 1) x0_hat(u, t_1)

    This is the algorithm with r = 1/2. x is [B, ...]; two evaluations a step, one on a step to sigma = 0 or from
    alpha = 0; order 2.
    """
    for t, s in pairwise(times):
        x0 = D = denoise(x, t).x0
        h = path.lam(s) - path.lam(t)
        if math.isfinite(h):
            middle = path.t_of_lam(path.lam(t) + h / 2)
            u = path.sigma(middle) / path.sigma(t) * x - path.alpha(middle) * math.expm1(-h / 2) * x0
            D = denoise(u, middle).x0
        x = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * math.expm1(-h) * D
        yield State(s, x, x0)


def extrapolate(x0: Tensor, x0_before: Tensor, r: float) -> Tensor:
    """The middle of this step on the line, in lambda, through the last two clean samples; r = h_before / h.

    (1 + 1 / (2r)) x0 - 1 / (2r) x0_before, in one pass over memory: an eighth of a step around a network that costs
    nothing (`benchmarks/samplers.py`: 4.8 of 38 microseconds on [16, 1, 28, 28]).
    """
    return torch.lerp(x0_before, x0, 1 + 1 / (2 * r))


@sampler(order=2, in_lambda=True, citation="Lu et al. 2022b, algorithm 2")
def dpm_solver_pp_2m(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """DPM-Solver++(2M): extrapolate the clean sample to the middle of the step from the last two that were seen.

        D   = (1 + 1 / (2r)) x0_hat_t - 1 / (2r) x0_hat_before,   r = h_before / h
        x_s = (sigma_s / sigma_t) x_t - alpha_s (e^-h - 1) D

    The first step has no step before it and is DDIM's; so is one to sigma = 0. x is [B, ...]; one evaluation a step;
    order 2.
    """
    x0_before, h_before = x, math.inf
    for t, s in pairwise(times):
        x0 = denoise(x, t).x0
        h = path.lam(s) - path.lam(t)
        D = x0 if math.isinf(h) or math.isinf(h_before) else extrapolate(x0, x0_before, h_before / h)
        x = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * math.expm1(-h) * D
        x0_before, h_before = x0, h
        yield State(s, x, x0)


@sampler(order=2, in_lambda=True, citation="Lu et al. 2022b; the authors' code", corrected=yes_or_no())
def dpm_solver_pp_3m(
    denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float], *, corrected: bool = False
) -> Iterator[State]:
    """DPM-Solver++(3M): a parabola through the last three clean samples m0, m1, m2, integrated over the step.

        D1_0 = (m0 - m1) / r0,   D1_1 = (m1 - m2) / r1,   r0 = h_before / h,   r1 = h_before_that / h
        D1   = D1_0 + r0 (D1_0 - D1_1) / (r0 + r1),       D2 = (D1_0 - D1_1) / (r0 + r1)
        x_s  = (sigma_s / sigma_t) x_t - alpha_s (phi_1 m0 - phi_2 D1 + phi_3 D2)
        phi_1 = e^-h - 1,   phi_2 = phi_1 / h + 1,   phi_3 = phi_2 / h - 1/2

    phi_3 belongs to the second *derivative*, but D2 is a divided difference, which is half of it. So the published
    update, the default, is of order 2; `corrected=True` doubles D2 and is of order 3. In few steps the published form,
    which damps the parabola, is often the more accurate one.

    The first two steps have less history and are DDIM's and 2M's; one to sigma = 0 is DDIM's, and one more than twice
    as long (in lambda) as the step before it is 2M's: a parabola carried that far outside its points is worse than a
    line. No rule asks how many steps there are. x is [B, ...]; one evaluation a step.
    """
    m1 = m2 = x
    h_0 = h_1 = math.inf  # the step before this one and the one before that, infinite where there was none
    for t, s in pairwise(times):
        m0 = denoise(x, t).x0
        h = path.lam(s) - path.lam(t)
        phi_1 = math.expm1(-h)
        if math.isinf(h) or math.isinf(h_0):
            change = phi_1 * m0
        elif math.isinf(h_1) or h > LONGEST * h_0:
            change = phi_1 * extrapolate(m0, m1, h_0 / h)
        else:
            r0, r1 = h_0 / h, h_1 / h
            phi_2 = phi_1 / h + 1
            phi_3 = phi_2 / h - 0.5
            D1_0, D1_1 = (m0 - m1) / r0, (m1 - m2) / r1
            D1 = D1_0 + r0 / (r0 + r1) * (D1_0 - D1_1)
            D2 = (2 if corrected else 1) / (r0 + r1) * (D1_0 - D1_1)
            change = phi_1 * m0 - phi_2 * D1 + phi_3 * D2
        x = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * change
        m1, m2, h_0, h_1 = m0, m1, h, h_0
        yield State(s, x, m0)


@sampler(order=2, deterministic=False, in_lambda=True, citation="Lu et al. 2022b, section 5")
def dpm_solver_pp_2m_sde(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """SDE-DPM-Solver++(2M): DDPM's ancestral step with 2M's extrapolated clean sample in it.

        x_s = (sigma_s / sigma_t) e^-h x_t + alpha_s (1 - e^(-2h)) D + sigma_s sqrt(1 - e^(-2h)) z

    With D = x0_hat this is `ddpm` with the small variance, rewritten in lambda. x is [B, ...]; one evaluation a step;
    the noise comes from `generator`, and a step to sigma = 0 adds none. The variance of the samples is of order 2.
    """
    x0_before, h_before = x, math.inf
    for t, s in pairwise(times):
        x0 = denoise(x, t).x0
        h = path.lam(s) - path.lam(t)
        D = x0 if math.isinf(h) or math.isinf(h_before) else extrapolate(x0, x0_before, h_before / h)
        fresh = -math.expm1(-2 * h)  # share of the variance at s that is new noise
        x = path.sigma(s) / path.sigma(t) * math.exp(-h) * x + path.alpha(s) * fresh * D
        if path.sigma(s) > 0:
            x = x + path.sigma(s) * math.sqrt(fresh) * fresh_noise(x, generator)
        x0_before, h_before = x0, h
        yield State(s, x, x0)
