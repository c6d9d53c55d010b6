"""The contract of a denoiser, and what a denoiser made from another has in common with it."""

from typing import Any, Protocol

from torch import Tensor

from diffusion_lessons.estimates import Estimate


class DenoiserLike(Protocol):
    """x [B, ...], t a Python float or a tensor [B], condition a tensor [B, ...] or None for the null of all."""

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None, /) -> Estimate: ...


class Wrapper:
    """A denoiser made from another; what it lacks itself (path, shape, classes, card, ...) is the inner one's."""

    def __init__(self, inner: DenoiserLike):
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # not set yet, as while copying: without this the lookup would never end
            raise AttributeError(name)
        return getattr(self.inner, name)

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        return self.inner(x, t, condition) if condition is not None else self.inner(x, t)
