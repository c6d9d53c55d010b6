"""Counting a denoiser's network evaluations, also where guidance stacks several into one batch."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate

_batch: ContextVar[int | None] = ContextVar("batch", default=None)


@contextmanager
def stacked(x: Tensor) -> Iterator[None]:
    """Inside the block a batch holds k copies of x: a denoiser called with k * len(x) rows has made k evaluations."""
    token = _batch.set(_batch.get() or len(x))
    try:
        yield
    finally:
        _batch.reset(token)


class Counted(Wrapper):
    """See `count_calls`."""

    def __init__(self, inner: DenoiserLike):
        super().__init__(inner)
        self.nfe = 0.0

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        self.nfe += len(x) / (_batch.get() or len(x))
        return super().__call__(x, t, condition)


def count_calls(denoise: DenoiserLike) -> Wrapper:
    """The same denoiser with a counter `.nfe`: network rows divided by x's batch, so a doubled batch counts 2.

    The counter is placed at the network itself, beneath guidance and clipping, whichever way round they are wrapped.
    """
    if isinstance(denoise, Wrapper) and not isinstance(denoise, Counted):
        outer = copy.copy(denoise)
        outer.inner = count_calls(denoise.inner)
        return outer
    return Counted(denoise)
