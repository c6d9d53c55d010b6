"""Is it the sampler? Put an exact denoiser into its place, for which the right answer is known at every step.

A denoiser that always sees the same picture c knows everything: on the way down x_t has mean alpha_t c and noise of
standard deviation sigma_t, and ends at c. What a sampler makes of it has nothing to do with any network.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.clinic.case import Case
from diffusion_lessons.denoisers.conditions import is_null
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path, match
from diffusion_lessons.samplers.base import State

COUNT, NUMBERS = 64, 4096  # samples drawn: at least so many, and of so many numbers together
LEAST = 0.02  # share of noise below which an x_t counts as finished


class Stripes:
    """denoise(x, t, condition) that sees stripes of +-`told` with a condition and of +-`untold` without.

    `asked` are the times at which it was evaluated. It has the path, the shape and the conditions of another denoiser.
    """

    def __init__(self, like: Any, shape: tuple[int, ...], told: float = 1.0, untold: float = 1.0) -> None:
        self.path, self.shape, self.told, self.untold = like.path, shape, told, untold
        self.classes, self.null = getattr(like, "classes", None), getattr(like, "null", None)
        self.picture = (1.0 - 2.0 * (torch.arange(torch.Size(shape).numel()) % 2)).view(shape)
        self.asked: list[float] = []

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        self.asked.append(float(t.max()) if isinstance(t, Tensor) else float(t))
        share = torch.full((len(x),), self.untold)
        if condition is not None:
            condition = condition.expand(len(x), *condition.shape[1:])
            share = torch.where(is_null(self, condition), share, torch.full_like(share, self.told))
        return Estimate.from_x0(x, match(share, x) * self.picture.to(x.dtype), self.path, t)

    def signal(self, x: Tensor) -> float:
        """How much of the stripes is in x [B, ...], on average: 1 for the stripes themselves."""
        return ((x * self.picture).mean()).item()


class Marginal(NamedTuple):
    """x_t on the way down: time, measured share of the picture and of noise, and what the path says of both."""

    t: float
    signal: float
    noise: float
    alpha: float
    sigma: float


class Run(NamedTuple):
    """What a sampler makes of an exact denoiser.

    start      the first time it asked for
    marginals  those of its states
    fresh      whether it draws noise of its own: from the same x_T it went another way the second time
    """

    start: float
    marginals: list[Marginal]
    fresh: bool

    def off(self, path: Path) -> tuple[float, Marginal]:
        """How wrong the noise on the way is, as a share, and where it is most wrong.

        Without fresh noise: |noise - sigma| in units of x_t's own size, the root of alpha^2 + sigma^2. What a solver of
        the ODE lacks is its discretisation error. With fresh noise: relative to sigma, since every step that puts back
        what it took out has sigma exactly, however long it is; or relative to `large_variance`, whichever is nearer.
        """
        way = [one for one in self.marginals if one.sigma > LEAST * math.hypot(one.alpha, one.sigma)]
        if not way:
            return 0.0, self.marginals[-1]
        if not self.fresh:
            return max((abs(one.noise - one.sigma) / math.hypot(one.alpha, one.sigma), one) for one in way)
        laws = ([one.sigma for one in way], large_variance(path, [one.t for one in way]))
        found = [max((abs(one.noise / due - 1), one) for one, due in zip(way, law, strict=True)) for law in laws]
        return min(found, key=lambda pair: pair[0])


def large_variance(path: Path, times: Sequence[float]) -> list[float]:
    """The standard deviation of noise at each time when DDPM adds its large variance and there is one picture only.

    Ho and others' beta is the variance of a step for data that are pure noise. For a single picture it is too large,
    over a long step by much:  n_s^2 = (alpha_t sigma_s^2 / (alpha_s sigma_t^2))^2 n_t^2 + beta, from n_T = sigma_T.
    """
    found, t, noise = [], path.T, path.sigma(path.T)
    for s in times:
        kept = path.alpha(t) / path.alpha(s) * (path.sigma(s) / path.sigma(t)) ** 2
        noise = math.sqrt((kept * noise) ** 2 + path.step_variance(t, s))
        found.append(noise)
        t = s
    return found


def states_with_exact(case: Case, seed: int = 0) -> Run:
    """The case's own sampler around a denoiser that always sees the same stripes, twice from the same x_T."""
    exact = Stripes(case.denoise, tuple(case.images.shape[1:]))
    path, marginals = exact.path, []
    first, again = (_run(case, exact, seed, fresh) for fresh in (1, 2))
    for state in first:
        signal = exact.signal(state.x)
        noise = (state.x - signal * exact.picture).square().mean().sqrt().item()
        marginals.append(Marginal(state.t, signal, noise, path.alpha(state.t), path.sigma(state.t)))
    fresh = any(not torch.equal(one.x, other.x) for one, other in zip(first, again, strict=False))
    return Run(exact.asked[0], marginals, fresh)


def guided_with_exact(case: Case, seed: int = 0) -> tuple[float, float]:
    """The guidance scale s that the case's sampler uses, and what it makes of estimates outside the data's range.

    First the stripes are 0 without a condition and +-0.02 with one: what comes out is 0.02 s. Then they are +-3 without
    and +-3 (1 - 1 / s) with one, so that 3 + s (3 (1 - 1 / s) - 3) = 0. If both are clipped to 1 before they are
    blended, 1 comes out, or whatever else, but not 0. At s <= 1 the answer is 0 without a question.
    """
    shape = tuple(case.images.shape[1:])
    small = Stripes(case.denoise, shape, told=0.02, untold=0.0)
    scale = small.signal(_run(case, small, seed)[-1].x) / 0.02
    if scale <= 1.05:
        return scale, 0.0
    large = Stripes(case.denoise, shape, told=3 * (1 - 1 / scale), untold=3.0)
    return scale, large.signal(_run(case, large, seed)[-1].x)


def _run(case: Case, exact: Stripes, seed: int, fresh: int | None = None) -> list[State]:
    """The states after each step of the case's own sampler; `fresh` is the seed of what noise it draws on the way."""
    count = max(COUNT, NUMBERS // exact.picture.numel())
    return replace(case, denoise=exact).samples(count, seed, fresh)[1:]
