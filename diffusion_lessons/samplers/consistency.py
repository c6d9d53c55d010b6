"""Consistency sampling: jump to the data at once; for better samples noise the result again, less, and jump again.

Song, Dhariwal, Chen and Sutskever, "Consistency Models", 2023 (https://arxiv.org/abs/2303.01469).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State, fresh_noise, sampler


@sampler(order=1, citation="Song et al. 2023, algorithm 1", deterministic=False)
def consistency(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    generator: torch.Generator | None = None,
) -> Iterator[State]:
    """Jump to the data, and noise the result to the next level with fresh noise only.

        x_s = alpha_s f(x_t, t) + sigma_s z,   z ~ N(0, I)

    `denoise` is a consistency function: its x0 is the end f(x_t, t) of the ODE's trajectory through x_t, not the mean
    of all clean samples that x_t may come from. With the exact one, every x_s has the distribution of the path at s,
    whatever the times. An ordinary denoiser may be given as well, and loses spread at every step.

    x is [B, ...]; one evaluation a step; nothing is drawn on a step to sigma = 0, so a single step is deterministic.
    The number of steps is no step size: more of them repair what a learned f gets wrong, and order 1 is a formality.
    """
    for t, s in pairwise(times):
        x0 = denoise(x, t).x0
        x = path.alpha(s) * x0
        if path.sigma(s) > 0:
            x = x + path.sigma(s) * fresh_noise(x, generator)
        yield State(s, x, x0)
