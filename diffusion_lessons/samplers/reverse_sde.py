"""One family of reverse processes, with one knob for noise: the ODE, the SDE, and Langevin churn beyond.

A Gaussian path is the solution of a stochastic differential equation, in which w is Brownian motion,

    dx = f x dt + g dw,   f = alpha' / alpha,   g^2 = 2 sigma^2 (sigma' / sigma - alpha' / alpha) = -2 sigma^2 lambda'

(Song et al. 2021, "Score-Based Generative Modeling through SDEs", eq. 5, with the f and g that keep
x_t = alpha x_0 + sigma eps). With the score, grad log p_t(x) = -eps_hat / sigma, there is for every k >= 0 a process
from T down to 0 whose x_t has the distribution p_t at each time,

    dx = [f x - (1 + k^2) / 2 g^2 grad log p_t(x)] dt + k g dw          (dt < 0)

k = 0 is the probability-flow ODE and k = 1 Anderson's reverse SDE (eq. 13 and 6 there). Any further k adds to the ODE,
at each time, Langevin dynamics that leaves p_t as it is: noise goes in at the rate k^2 g^2, and a pull along the score
takes as much out. In the clock lambda, with x in units of sigma, that rate is 2 k^2 on every path.

Two ways to take a step. `euler_maruyama` holds the whole drift constant in t. `exponential_sde` holds only x0_hat
constant, and is exact in what remains: it is DDIM's step at k = 0 and DDPM's at k = 1.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, between, fresh_noise, sampler
from diffusion_lessons.samplers.ode import slope

MOST_NOISE = 100.0  # beyond it nothing changes: a step keeps none of the predicted noise


def forward_sde(path: Path, t: float) -> tuple[float, float]:
    """f and g^2 of dx = f x dt + g dw, whose solutions are the path: alpha' / alpha, and the rate of new noise.

    g^2 = 2 sigma sigma' - 2 sigma^2 alpha' / alpha, in the path's units of time. Raises ValueError where alpha is 0,
    since both are infinite there, and at sigma = 0, where sigma' is on DDPM's linear path.
    """
    alpha, sigma = path.alpha(t), path.sigma(t)
    if alpha == 0 or sigma == 0:
        raise ValueError(f"at t = {t:g} alpha is {alpha:g} and sigma {sigma:g}: the SDE needs both above 0")
    f = path.d_alpha(t) / alpha
    return f, 2 * sigma * (path.d_sigma(t) - sigma * f)


def reverse_drift(estimate: Estimate, path: Path, t: float, noise: float) -> Tensor:
    """f x - (1 + k^2) / 2 g^2 score, like x, with the score that the estimate says; `noise` is k.

    Written as the ODE's slope, alpha' x0_hat + sigma' eps_hat, and the pull against the noise that k puts in.
    """
    drift = slope(estimate, path, t)
    if noise > 0:
        drift = drift + noise**2 * forward_sde(path, t)[1] / (2 * path.sigma(t)) * estimate.eps
    return drift


@sampler(
    order=1,
    deterministic=False,
    citation="Maruyama 1955; Song et al. 2021, section 4.1",
    noise=between(0, MOST_NOISE),
)
def euler_maruyama(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    noise: float = 1.0,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Go straight on along the drift seen at the start of the step, and add the noise of the step.

        x_s = x_t + (s - t) [f x_t - (1 + k^2) / 2 g^2 score] + k g sqrt(t - s) z,   z ~ N(0, I),   k = `noise`

    k = 0 is `euler`, and draws nothing. A step to sigma = 0, or from alpha = 0, where the rates are infinite, is taken
    as `exponential_sde` takes it. x is [B, ...]; one evaluation a step; the noise comes from `generator`; of order 1 in
    the distribution of the samples.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        if path.sigma(s) == 0 or path.alpha(t) == 0:
            x = exponential_step(x, estimate, path, t, s, noise, generator)
        else:
            x = x + (s - t) * reverse_drift(estimate, path, t, noise)
            if noise > 0:
                x = x + noise * math.sqrt(forward_sde(path, t)[1] * (t - s)) * fresh_noise(x, generator)
        yield State(s, x, estimate.x0)


@sampler(
    order=1,
    deterministic=False,
    citation="Xue et al. 2023 (SA-Solver), of one step",
    noise=between(0, MOST_NOISE),
)
def exponential_sde(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    noise: float = 1.0,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """See the clean sample; put back, of the noise that was predicted, a share, and fresh noise for the rest.

        x_s = alpha_s x0_hat + sigma_s (e^(-k^2 h) eps_hat + sqrt(1 - e^(-2 k^2 h)) z),   h = lambda_s - lambda_t

    It solves the SDE with k = `noise` exactly, with x0_hat held constant (https://arxiv.org/abs/2309.05019, where k is
    tau). k = 0 is `ddim`; k = 1 is `ddpm` with the small variance, on any grid; as k grows all of the noise is fresh,
    as in `consistency`. Each step is DDIM's with eta^2 = (1 - e^(-2 k^2 h)) / (1 - e^(-2 h)). From alpha = 0 h is
    infinite: with k > 0 nothing of the predicted noise stays. x is [B, ...]; one evaluation a step; order 1.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        x = exponential_step(x, estimate, path, t, s, noise, generator)
        yield State(s, x, estimate.x0)


def exponential_step(
    x: Tensor, estimate: Estimate, path: Path, t: float, s: float, noise: float, generator: torch.Generator | None
) -> Tensor:
    """The step of `exponential_sde` from t to s, whose estimate is that of x at t."""
    sigma = path.sigma(s)
    change = noise**2 * (path.lam(s) - path.lam(t)) if noise > 0 else 0.0  # 0 times an infinite step is 0
    x_s = path.alpha(s) * estimate.x0 + sigma * math.exp(-change) * estimate.eps
    if noise > 0 and sigma > 0:
        x_s = x_s + sigma * math.sqrt(-math.expm1(-2 * change)) * fresh_noise(x, generator)
    return x_s
