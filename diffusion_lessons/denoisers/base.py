"""The contract of a denoiser, and what a denoiser made from another has in common with it."""

from typing import Any, Protocol, Self

import torch
from torch import Tensor

from diffusion_lessons.estimates import Estimate


class DenoiserLike(Protocol):
    """x [B, ...], t a Python float or a tensor [B], condition a tensor [B, ...] or None for the null of all."""

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None, /) -> Estimate: ...


def check_denoiser(denoise: Any) -> None:
    """Raise a TypeError for what cannot be called as a denoiser."""
    if not callable(denoise):
        hint = f'; a checkpoint is loaded first: load("{denoise}")' if isinstance(denoise, str) else ""
        raise TypeError(f"denoise must be callable as denoise(x, t) -> Estimate; got {type(denoise).__name__}{hint}")


def check_x(x: Any) -> None:
    """Raise a ValueError for what is no batch of samples."""
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.ndim < 1 or len(x) == 0:
        got = f"{x.dtype} {tuple(x.shape)}" if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a floating-point tensor of shape [B, ...] with B at least 1; got {got}")


class Wrapper:
    """A denoiser made from another; what it lacks itself (path, shape, classes, card, ...) is the inner one's."""

    def __init__(self, inner: DenoiserLike):
        check_denoiser(inner)
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        if name == "inner":  # not set yet, as while copying: without this the lookup would never end
            raise AttributeError(name)
        return getattr(self.inner, name)

    def to(self, device: str | torch.device) -> Self:
        """Move the inner denoiser's network, in place; conditions follow x by themselves."""
        self.inner.to(device)  # type: ignore[attr-defined]
        return self

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        return self.inner(x, t, condition) if condition is not None else self.inner(x, t)
