"""DDPM's ancestral sampler: walk the noising chain backwards, drawing fresh noise at every step.

Ho, Jain and Abbeel, "Denoising Diffusion Probabilistic Models", 2020 (https://arxiv.org/abs/2006.11239).
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, fresh_noise, one_of, sampler


@sampler(
    order=1,
    deterministic=False,
    citation="Ho et al. 2020, algorithm 2",
    variance=one_of("small", "large"),
)
def ddpm(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    variance: str = "small",
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Draw x_s from q(x_s | x_t, x_0) with the estimate x0_hat in x_0's place (DDPM eq. 6 and 7, any s < t).

        x_s = (alpha_t / alpha_s) (sigma_s / sigma_t)^2 x_t  +  alpha_s beta / sigma_t^2 x0_hat  +  std z
        beta = sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2      (beta_t of DDPM where s = t - 1)

    `variance` is std^2: "small" is the posterior's own, (sigma_s / sigma_t)^2 beta, right for data at one point;
    "large" is beta, right for data spread like the noise (section 3.2). No noise is added on a step to sigma = 0.
    x is [B, ...]; one evaluation a step; the noise comes from `generator`.
    """
    for t, s in pairwise(times):
        ratio, shrink = path.alpha(t) / path.alpha(s), (path.sigma(s) / path.sigma(t)) ** 2
        beta = path.step_variance(t, s)
        x0 = denoise(x, t).x0
        x = ratio * shrink * x + path.alpha(s) * beta / path.sigma(t) ** 2 * x0
        if path.sigma(s) > 0:
            std = math.sqrt(shrink * beta if variance == "small" else beta)
            x = x + std * fresh_noise(x, generator)
        yield State(s, x, x0)
