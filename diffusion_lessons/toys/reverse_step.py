"""One step back, exactly: the distribution of x_s given x_t on a mixture of numbers, and the Gaussian DDPM draws from.

By Bayes, with x_t given x_s being N((alpha_t / alpha_s) x_s, beta) and beta the step variance,

    p(x_s | x_t) = p_s(x_s) N(x_t; (alpha_t / alpha_s) x_s, beta) / p_t(x_t)

It is nearly Gaussian where the step is short. A long step back may lead to several modes.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import integration_grid


def reverse_log_prob(mixture: GaussianMixture, path: Path, x_t: Tensor, t: float, s: float, x: Tensor) -> Tensor:
    """log p(x_s = x | x_t), [n, B] for x [n] and x_t [B]; 0 < s < t."""
    ratio, beta = path.alpha(t) / path.alpha(s), path.step_variance(t, s)
    forward = _log_normal(x_t[None, :], ratio * x[:, None], beta)  # [n, B]
    return mixture.log_prob(x, path, s)[:, None] + forward - mixture.log_prob(x_t, path, t)


def ddpm_reverse_log_prob(
    mixture: GaussianMixture, path: Path, x_t: Tensor, t: float, s: float, x: Tensor, variance: str = "small"
) -> Tensor:
    """The same for the Gaussian of DDPM (`samplers.ddpm`), whose x0_hat is the mixture's own."""
    ratio, beta = path.alpha(t) / path.alpha(s), path.step_variance(t, s)
    shrink = (path.sigma(s) / path.sigma(t)) ** 2
    mean = ratio * shrink * x_t + path.alpha(s) * beta / path.sigma(t) ** 2 * mixture.estimate(x_t, path, t).x0
    return _log_normal(x[:, None], mean[None, :], shrink * beta if variance == "small" else beta)


def total_variation(mixture: GaussianMixture, path: Path, t: float, s: float, variance: str = "small") -> float:
    """The share of probability that DDPM's step puts into the wrong place, on average over x_t: the mean of

    1/2 int |p(x_s | x_t) - N(x_s; ...)| dx_s      (the total variation distance: 0 none, 1 all)
    """
    x_t, weight = integration_grid(mixture, path, t, 200)
    x, _ = integration_grid(mixture, path, s, 4000)
    exact = reverse_log_prob(mixture, path, x_t, t, s, x).exp()  # [n, B]
    gaussian = ddpm_reverse_log_prob(mixture, path, x_t, t, s, x, variance).exp()
    distance = 0.5 * (exact - gaussian).abs().sum(dim=0) * (x[1] - x[0])  # [B]
    return float(weight @ distance)


def unscaled_ddpm(x: Tensor, denoise: DenoiserLike, times: Sequence[float], generator: torch.Generator) -> Tensor:
    """Step after step x_t - eps_hat + z, z ~ N(0, I): DDPM as one sentence often puts it, without its factors.

    It does not sample: all of the noise is removed and as much is added, so that x only spreads. [B, ...]
    """
    for t in times[:-1]:
        x = x - denoise(x, t).eps + torch.randn(x.shape, generator=generator, dtype=x.dtype)
    return x


def _log_normal(x: Tensor, mean: Tensor, variance: float) -> Tensor:
    return -0.5 * ((x - mean) ** 2 / variance + math.log(2 * math.pi * variance))
