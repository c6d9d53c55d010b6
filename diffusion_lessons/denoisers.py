"""Denoisers: what a sampler evaluates at every step, and the wrappers that change the estimate.

A denoiser is any callable `denoise(x, t, condition=None) -> Estimate(x0, eps)`: which clean sample and which noise do
you see in x_t? `Denoiser` makes one from a network, whatever the network predicts; `toys` has exact ones. Wrappers are
denoiser -> denoiser, so each works with every sampler.
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import torch
from torch import Tensor

from diffusion_lessons.estimates import ESTIMATES, Estimate, check_prediction_type
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.path import Path, match


class DenoiserLike(Protocol):
    """x [B, ...], t a Python float or a tensor [B], condition a tensor [B] or None for the null of all."""

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None, /) -> Estimate: ...


class Denoiser:
    """A network that predicts eps, x0, v or velocity, as a denoiser on its path.

    `network(x, t)` is handed t as a tensor [B] in the path's units; a conditional network (`classes` is given) is
    called `network(x, t, condition)` with labels [B], 0..classes-1 or the null label `classes`.

        eps:       x_0 = (x - sigma eps) / alpha
        x0:        eps = (x - alpha x_0) / sigma
        v:         x_0 = (alpha x - sigma v) / (alpha^2 + sigma^2),  eps = (sigma x + alpha v) / (alpha^2 + sigma^2)
        velocity:  x_0 = x - t u,  eps = x + (1 - t) u               (u = dx_t/dt = eps - x_0, flow paths only)

    `shape` is that of one sample, `card` whatever describes the network. `times` are the only times at which it may be
    evaluated, if the network is a student that was trained for a few steps; None allows any time.

    If the network computes in another floating type than x (half precision, say), x is converted for it and its output
    is converted back, so that only the network rounds and the sample never does.
    """

    def __init__(
        self,
        network: Callable[..., Tensor],
        path: Path,
        predicts: str = "eps",
        *,
        classes: int | None = None,
        shape: tuple[int, ...] | None = None,
        card: dict[str, Any] | None = None,
        times: tuple[float, ...] | None = None,
    ):
        check_prediction_type(predicts, path)
        self.network, self.path, self.predicts = network, path, predicts
        self.classes, self.shape, self.card, self.times = classes, shape, card, times

    @property
    def dtype(self) -> torch.dtype | None:
        """The floating type in which the network computes, or None if it has no parameters."""
        return next((p.dtype for p in self._parameters() if p.is_floating_point()), None)

    @property
    def device(self) -> torch.device | None:
        """Where the network stands, and x has to; None if it has no parameters."""
        return next((p.device for p in self._parameters()), None)

    def _parameters(self) -> Iterator[Tensor]:
        return self.network.parameters() if isinstance(self.network, torch.nn.Module) else iter(())

    def __call__(self, x: Tensor, t: float | Tensor, condition: Tensor | None = None) -> Estimate:
        self._check(t)
        dtype = self.dtype or x.dtype
        exact = dtype if dtype in (torch.float32, torch.float64) else torch.float32  # half cannot tell 999 from 1000
        if isinstance(t, Tensor):
            times = moved(t.to(exact), x.device)
        else:
            times = torch.full((len(x),), float(t), dtype=exact, device=x.device)
        if self.classes is None and condition is None:
            output = self.network(x.to(dtype), times)
        else:
            output = self.network(x.to(dtype), times, self._labels(condition, x))
        if output.shape != x.shape:
            raise ValueError(f"the network returned {tuple(output.shape)} for x of shape {tuple(x.shape)}")
        return ESTIMATES[self.predicts](x, output.to(x.dtype), self.path, t)

    def _labels(self, condition: Tensor | None, x: Tensor) -> Tensor | None:
        if condition is None and self.classes is not None:
            return torch.full((len(x),), self.classes, device=x.device)
        return condition if condition is None else rows_for(condition, x)

    def _check(self, t: float | Tensor) -> None:
        """Refuse times at which the prediction says nothing about x_0 (floats only: a tensor would have to be read)."""
        if isinstance(t, Tensor):
            return
        if self.times is not None and t not in self.times:
            own = ", ".join(f"{time:g}" for time in self.times)
            raise ValueError(
                f"t = {t:g} is a time for which this network was not trained: it is a student for {own} only. "
                f"Sample with steps={len(self.times)} on the trailing grid"
            )
        if self.predicts == "eps" and self.path.alpha(t) == 0:
            raise ValueError(
                f"at t = {t:g} alpha is 0: x is pure noise and eps says nothing about x_0. Use a network that predicts "
                'x0, v or (on a flow path) velocity, or start at path.t_max with spacing="logsnr"'
            )
        if self.predicts == "x0" and self.path.sigma(t) == 0:
            raise ValueError(f"at t = {t:g} sigma is 0: x is clean and x_0 says nothing about eps; end the grid there")


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


class Conditioned(Wrapper):
    """A denoiser bound to one condition: the plain denoise(x, t) that samplers take."""

    def __init__(self, inner: DenoiserLike, condition: Tensor):
        super().__init__(inner)
        self.condition = condition

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        if condition is not None:
            raise ValueError("this denoiser is already bound to a condition; call it without one")
        return self.inner(x, t, rows_for(self.condition, x))


def condition_on(denoise: DenoiserLike, labels: Tensor | int | list[int]) -> Conditioned:
    """Bind labels [B] (or one for all) to a conditional denoiser; labels are 0..classes-1, `classes` is the null."""
    return Conditioned(denoise, check_labels(denoise, labels))


def check_labels(denoise: DenoiserLike, labels: Tensor | int | list[int]) -> Tensor:
    """Labels as a LongTensor [B] or [1], or a ValueError if the denoiser has no such class."""
    classes = getattr(denoise, "classes", None)
    if classes is None:
        raise ValueError("this denoiser takes no condition: it was made without classes")
    tensor = torch.as_tensor(labels)
    if tensor.is_floating_point() or tensor.dtype == torch.bool or tensor.ndim > 1 or tensor.numel() == 0:
        raise ValueError(f"labels must be whole numbers of shape [B]; got {labels!r}")
    tensor = tensor.long().reshape(-1)
    if tensor.min() < 0 or tensor.max() > classes:
        raise ValueError(
            f"labels must lie in 0..{classes - 1}, or be {classes} for no condition; got {tensor.min()}..{tensor.max()}"
        )
    return tensor


def rows_for(labels: Tensor, x: Tensor) -> Tensor:
    """The labels on x's device, one for each row of x; a single label is repeated."""
    if len(labels) not in (1, len(x)):
        raise ValueError(
            f"{len(labels)} labels for a batch of {len(x)}: give one label for each sample, or one for all"
        )
    return moved(labels, x.device).expand(len(x))


class Clipped(Wrapper):
    """See `clip`."""

    clipped = True

    def __init__(self, inner: DenoiserLike, limit: float, rederive: bool, percentile: float | None):
        super().__init__(inner)
        self.limit, self.rederive, self.percentile = limit, rederive, percentile

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        x0, eps = super().__call__(x, t, condition)
        if self.percentile is None:
            x0 = x0.clamp(-self.limit, self.limit)
        else:
            largest = _quantile(x0.abs().flatten(1).float(), self.percentile)  # [B]
            bound = match(largest.clamp(min=self.limit), x0)
            x0 = x0.maximum(-bound).minimum(bound) * (self.limit / bound)
        return Estimate.from_x0(x, x0, self.path, t) if self.rederive else Estimate(x0, eps)


def _quantile(values: Tensor, share: float) -> Tensor:
    """The interpolated quantile of each row, [B, n] -> [B]. PyTorch's own needs double precision, which MPS has not."""
    position = share * (values.shape[1] - 1)
    low, high = math.floor(position), math.ceil(position)
    ranked = values.sort(dim=1).values
    return torch.lerp(ranked[:, low], ranked[:, high], position - low)


def clip(
    denoise: DenoiserLike, limit: float = 1.0, *, rederive: bool = True, percentile: float | None = None
) -> Clipped:
    """Keep x0_hat in [-limit, limit]; the outermost wrapper, put around guidance and never inside it.

    With `rederive` the noise is computed again from the clipped sample, eps = (x - alpha x0) / sigma, so that the two
    still agree with x_t; without it eps stays as predicted. With a `percentile` (0.995 is usual) the limit is dynamic:
    each sample is cut at that percentile of its own |x0_hat| where this exceeds `limit`, and scaled back to it
    (Saharia et al. 2022, section 2.3).
    """
    check_limit(limit)
    check_percentile(percentile)
    if rederive and not hasattr(denoise, "path"):
        raise ValueError(
            "re-deriving eps needs the path: the denoiser has no .path; use Denoiser(...) or rederive=False"
        )
    return Clipped(denoise, limit, rederive, percentile)


def check_limit(limit: float) -> None:
    """Raise a ValueError for a limit that `clip` cannot keep x0_hat within."""
    if not limit > 0:
        raise ValueError(f"limit must be above 0; got {limit!r}")


def check_percentile(percentile: float | None) -> None:
    """Raise a ValueError for what is no share to take a dynamic limit at."""
    if percentile is not None and not 0 < percentile <= 1:
        raise ValueError(f"percentile is a share in (0, 1], such as 0.995; got {percentile!r}")


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


__all__ = [
    "Denoiser",
    "DenoiserLike",
    "Estimate",
    "Wrapper",
    "check_labels",
    "clip",
    "condition_on",
    "count_calls",
    "rows_for",
    "stacked",
]
