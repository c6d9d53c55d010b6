"""Faults of the way from noise to samples. Each is a whole sampler, wrong in one place, that a `Case` draws with."""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import Wrapper
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.conditions import condition_on, null_condition, rows_for
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.samplers.base import State, fresh_noise
from diffusion_lessons.samplers.ddim import ddim, ddim_step


def clipped_for(denoise: Any, conditions: Tensor | None) -> Any:
    """The denoiser of these conditions, clipped, as a sampler takes it."""
    return clip(denoise if conditions is None else condition_on(denoise, conditions), 1.0)


def ddim_without_the_root(
    denoise: Any, x: Tensor, conditions: Tensor | None, generator: torch.Generator, steps: int = 20
) -> Iterator[State]:
    """DDIM with alpha_bar_s where its square root, alpha_s, is meant: x_s = alpha_s^2 x0_hat + sigma_s eps_hat."""
    path, asked = denoise.path, clipped_for(denoise, conditions)
    for t, s in pairwise(path.grid(steps)):
        x0, eps = asked(x, t)
        x = path.alpha(s) ** 2 * x0 + path.sigma(s) * eps
        yield State(s, x, x0)


def ddpm_with_noise_to_the_end(
    denoise: Any, x: Tensor, conditions: Tensor | None, generator: torch.Generator, steps: int = 10
) -> Iterator[State]:
    """DDPM with the large variance that adds its noise on the last step, too, where nothing will remove it."""
    path, asked = denoise.path, clipped_for(denoise, conditions)
    for t, s in pairwise(path.grid(steps)):
        x0 = asked(x, t).x0
        beta, ratio = path.step_variance(t, s), path.alpha(t) / path.alpha(s)
        x = ratio * (path.sigma(s) / path.sigma(t)) ** 2 * x + path.alpha(s) * beta / path.sigma(t) ** 2 * x0
        x = x + math.sqrt(beta) * fresh_noise(x, generator)  # the fault: no `if s > 0`
        yield State(s, x, x0)


class ClippedInside(Wrapper):
    """x0 = clip(x0_null) + s (clip(x0_cond) - clip(x0_null)): what guidance would have added is cut off first."""

    def __init__(self, inner: Any, conditions: Tensor, scale: float) -> None:
        super().__init__(inner)
        self.conditions, self.guidance = conditions, scale

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        null = rows_for(null_condition(self.inner, x.device), x)
        away = self.inner(x, t, null).x0.clamp(-1, 1)
        towards = self.inner(x, t, rows_for(self.conditions, x)).x0.clamp(-1, 1)
        return Estimate.from_x0(x, away + self.guidance * (towards - away), self.path, t)


def guided_after_clipping(
    denoise: Any, x: Tensor, conditions: Tensor | None, generator: torch.Generator, steps: int = 20, scale: float = 3.0
) -> Iterator[State]:
    """DDIM around guidance that blends two clipped estimates. Without conditions there is nothing to guide."""
    asked = clipped_for(denoise, None) if conditions is None else ClippedInside(denoise, conditions, scale)
    return ddim(asked, x, denoise.path, denoise.path.grid(steps))


def ddim_from_below_the_top(
    denoise: Any, x: Tensor, conditions: Tensor | None, generator: torch.Generator, steps: int = 10
) -> Iterator[State]:
    """DDIM on the `leading` grid, whose first time is 901 of 1,000: pure noise is taken for x_901."""
    asked, times = clipped_for(denoise, conditions), denoise.path.grid(steps, "leading")
    for t, s in pairwise(times):
        estimate = asked(x, t)
        x = ddim_step(estimate, denoise.path, s)
        yield State(s, x, estimate.x0)
