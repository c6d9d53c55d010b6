"""DDIM: the same network, far fewer steps. See the clean sample, then put it back at a lower noise level.

Song, Meng and Ermon, "Denoising Diffusion Implicit Models", 2020 (https://arxiv.org/abs/2010.02502).
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path, match
from diffusion_lessons.samplers.base import State, between, fresh_noise, sampler


@sampler(order=1, citation="Song et al. 2020, eq. 12 and 16", eta=between(0, 1))
def ddim(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    eta: float = 0.0,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Re-noise x0_hat to the next level with the predicted noise, and with fresh noise for a share of it.

        x_s = alpha_s x0_hat + sqrt(sigma_s^2 - std^2) eps_hat + std z
        std = eta (sigma_s / sigma_t) sqrt(sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2)

    eta = 0 is deterministic and draws nothing; eta = 1 is DDPM with the small variance, on any grid. x is
    [B, ...]; one evaluation a step; order 1. On any path: with eta = 0 this is the exponential (exact in the linear
    part) Euler step of the probability-flow ODE, DPM-Solver-1.
    """
    for t, s in pairwise(times):
        x0, eps = denoise(x, t)
        std = eta * math.sqrt(path.posterior_variance(t, s)) if eta > 0 else 0.0
        rest = max(path.sigma(s) ** 2 - std**2, 0.0)  # 0 at alpha_t = 0, to rounding
        x = path.alpha(s) * x0 + math.sqrt(rest) * eps
        if std > 0:
            x = x + std * fresh_noise(x, generator)
        yield State(s, x, x0)


def ddim_step(estimate: Estimate, path: Path, s: float) -> Tensor:
    """x_s = alpha_s x0_hat + sigma_s eps_hat: DDIM's step with eta = 0, on which every solver in lambda builds."""
    return path.alpha(s) * estimate.x0 + path.sigma(s) * estimate.eps


def x0_landing(x: Tensor, x_s: Tensor, path: Path, t: float | Tensor, s: float | Tensor) -> Tensor:
    """The x0_hat [B, ...] from which one DDIM step leads from x at t to x_s at s: `ddim_step`, solved for x0.

        x_s = alpha_s x0 + sigma_s (x_t - alpha_t x0) / sigma_t
        x0  = (x_s - r x_t) / (alpha_s - r alpha_t),   r = sigma_s / sigma_t

    For s = 0 it is x_s itself. t and s are floats or tensors [B]. It is the x-tilde of Salimans and Ho 2022
    (https://arxiv.org/abs/2202.00512), algorithm 2, on any path.
    """
    r = path.sigma(s) / path.sigma(t)
    return (x_s - match(r, x) * x) / match(path.alpha(s) - r * path.alpha(t), x)


@sampler(order=1, citation="Song et al. 2020, section 4.3", upward=True)
def ddim_inversion(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Walk a clean x up to the noise from which DDIM would make it, over the same decreasing `times`, read backwards.

    DDIM's step from t to s needs eps_hat(x_t, t), which is not known on the way up; the noise seen in x_s is taken in
    its place:

        eps = eps_hat(x_s, t),   x_t = alpha_t (x_s - sigma_s eps) / alpha_s + sigma_t eps

    so that the round trip is exact only to first order in the step. x is [B, ...]; one evaluation a step.
    """
    for t, s in reversed(list(pairwise(times))):
        eps = denoise(x, t).eps
        x0 = (x - path.sigma(s) * eps) / path.alpha(s)
        x = path.alpha(t) * x0 + path.sigma(t) * eps
        yield State(t, x, x0)
