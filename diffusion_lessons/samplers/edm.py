"""EDM's stochastic sampler: before each step go back up a little in noise, then let Heun correct.

Karras, Aittala, Aila and Laine, "Elucidating the Design Space of Diffusion-Based Generative Models", 2022
(https://arxiv.org/abs/2206.00364). Deterministic solvers keep the errors of the network, which add up on the way; fresh
noise and its removal, at one level, is Langevin dynamics, and forgets them. The price is that each such churn asks the
network to remove more noise, which it also does with an error. Which of the two is larger is measured, not derived.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, between, fresh_noise, sampler
from diffusion_lessons.samplers.ddim import ddim_step

MOST_GAMMA = math.sqrt(2) - 1  # a churn at most doubles the variance of the noise


@sampler(
    order=2,
    stages=2,
    deterministic=False,
    in_lambda=True,
    citation="Karras et al. 2022, algorithm 2",
    s_churn=between(0, math.inf),
    s_tmin=between(0, math.inf),
    s_tmax=between(0, math.inf),
    s_noise=between(0, 10),
)
def edm_stochastic(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    s_churn: float = 40.0,
    s_tmin: float = 0.05,
    s_tmax: float = 50.0,
    s_noise: float = 1.0,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Raise the noise level n = sigma / alpha by the factor 1 + gamma, then take Heun's step in n.

        gamma = min(s_churn / N, sqrt(2) - 1)   where s_tmin <= n_t <= s_tmax, else 0;   n^ = (1 + gamma) n_t at t^
        x^  = (alpha^ / alpha_t) x_t + alpha^ sqrt(n^^2 - n_t^2) s_noise z
        u   = alpha_s x0_hat(x^, t^) + sigma_s eps_hat(x^, t^)                                     DDIM's step
        x_s = u + alpha_s (n_s - n^) / 2 (eps_hat(u, s) - eps_hat(x^, t^))                         and its correction

    On EDM's path, where alpha is 1 and sigma is t, this is the algorithm of the paper to the letter; on any other it is
    the same in the clock n and the scale x / alpha. `s_churn` = 0 draws nothing, and is `heun` on EDM's path. No level
    is raised above that of the path's `t_max`. Levels should fall by a moderate factor a step, as with `karras` and on
    a flow path: the correction multiplies the network's error by the change of level, and the trailing grid of a cosine
    path falls from 20,000 at once. s_churn, s_tmin and s_tmax are the paper's for ImageNet-64 (table 5),
    whose s_noise of 1.003 makes up for a network that removes a little too much noise; 1 is right for an exact one. x
    is [B, ...]; two evaluations a step, one on a step to sigma = 0 or from alpha = 0; order 2 where s_churn is 0.
    """
    gamma = min(s_churn / (len(times) - 1), MOST_GAMMA)
    for t, s in pairwise(times):
        if path.alpha(t) > 0 and gamma > 0 and s_tmin <= path.sigma(t) / path.alpha(t) <= s_tmax:
            up = path.t_of_lam(max(path.lam(t) - math.log1p(gamma), path.lam(path.t_max)))
            if up > t:
                added = s_noise * math.sqrt(path.step_variance(up, t))
                x = path.alpha(up) / path.alpha(t) * x + added * fresh_noise(x, generator)
                t = up
        estimate = denoise(x, t)
        x = ddim_step(estimate, path, s)
        if path.sigma(s) > 0 and path.alpha(t) > 0:
            change = path.sigma(s) - path.alpha(s) * path.sigma(t) / path.alpha(t)  # alpha_s (n_s - n_t)
            x = x + change / 2 * (denoise(x, s).eps - estimate.eps)
        yield State(s, x, estimate.x0)
