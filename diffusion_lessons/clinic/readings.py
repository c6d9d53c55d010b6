"""Another reading of the same network: is there one under which its answers are right?

A network whose answers look like noise may be a good one that is misread: what it says taken for something else, its
time handed over in other units, its images in another range. Each such error has an inverse. Apply it, and measure: if
the loss falls to that of a working network, the cause is found and not guessed.
"""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from torch import Tensor, nn

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import time_for


class Reading(NamedTuple):
    """A denoiser read in another way: the fault that this way would undo, and what it assumes."""

    cause: str
    words: str
    denoise: Any


class Rescaled(Wrapper):
    """The denoiser of y = scale x_0 + shift, made from one of x_0, exactly.

        y_t = alpha y + sigma eps   =>   (y_t - alpha shift) / scale = alpha x_0 + (sigma / scale) eps

    which is x_0 at noise level sigma / (scale alpha), up to a factor: there the inner denoiser is asked.
    """

    def __init__(self, inner: DenoiserLike, scale: float, shift: float) -> None:
        super().__init__(inner)
        self.scale, self.shift = scale, shift

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        t = time_for(x, t)
        alpha, sigma = self.path.scales(t, x)
        level = self.path.lam(t) + math.log(self.scale)
        first, last = self.path.lam(self.path.T), self.path.lam(self.path.t_min)
        level = level.clamp(first, last) if isinstance(level, Tensor) else min(max(level, first), last)
        there = self.path.t_of_lam(level)
        sigma_there = self.path.scales(there, x)[1]
        x0 = super().__call__((x - alpha * self.shift) * sigma_there / sigma, there, condition).x0
        return Estimate.from_x0(x, self.scale * x0 + self.shift, self.path, t)


def other_readings(denoise: Any) -> Iterator[Reading]:
    """The other ways to read a denoiser that was made from a network; none for one that was not."""
    if not isinstance(denoise, Denoiser) or denoise.times is not None:
        return
    path = denoise.path
    for kind in ("eps", "x0", "v", *(["velocity"] if path.card["path"] == "flow" else [])):
        if kind != denoise.predicts:
            other = copy.copy(denoise)
            other.predicts = kind
            yield Reading("v_as_eps", f"read as {kind}, not as {denoise.predicts}", other)
    for factor in sorted({path.T, 1 / path.T, 1000.0, 1 / 1000} - {1.0}):
        yield Reading("time_units", f"with t multiplied by {factor:g}", retimed(denoise, multiplied_by(factor)))
    yield Reading("time_units", "with t counted from the other end", retimed(denoise, lambda t: path.T - t))
    yield Reading("data_range", "as one that learned images in [0, 1]", Rescaled(denoise, 2.0, -1.0))


def multiplied_by(factor: float) -> Callable[[Tensor], Tensor]:
    """t -> factor t."""
    return lambda t: factor * t


class Retimed(nn.Module):
    """network(x, f(t), condition): the network, handed another time."""

    def __init__(self, network: Callable[..., Tensor], f: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.network, self.f = network, f

    def forward(self, x: Tensor, t: Tensor, *condition: Tensor) -> Tensor:
        return self.network(x, self.f(t), *condition)


def retimed(denoise: Denoiser, f: Callable[[Tensor], Tensor]) -> Denoiser:
    """The denoiser whose network is handed f(t) in place of t."""
    return denoise.with_network(Retimed(denoise.network, f))
