"""Conditions: what a conditional denoiser is told besides x_t, and the null that stands for being told nothing.

A condition is a tensor [B, ...], one row for each sample. Mostly it is a class label [B] in 0..classes-1, with
`classes` as the null. A denoiser may be told something else, such as the words of a sentence [B, L]: it then has its
own `null`, a condition [1, ...], and may have a method `read_condition(given)` that makes a condition of what a person
gives (sentences, say), returns a condition as it is, and raises a ValueError for what it does not understand.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper, check_x
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.devices import moved


class Conditioned(Wrapper):
    """A denoiser bound to one condition: the plain denoise(x, t) that samplers take."""

    def __init__(self, inner: DenoiserLike, condition: Tensor):
        super().__init__(inner)
        self.condition = condition

    def __call__(self, x: Tensor, t: float | Tensor, condition: Any = None) -> Estimate:
        if condition is not None:
            raise ValueError("this denoiser is already bound to a condition; call it without one")
        check_x(x)
        self.condition = moved(self.condition, x.device)  # once: then it is there
        return self.inner(x, t, rows_for(self.condition, x))


def condition_on(denoise: DenoiserLike, labels: Any) -> Conditioned:
    """Bind labels [B] (or one for all) to a conditional denoiser; labels are 0..classes-1, `classes` is the null.

    A denoiser of another kind of condition is given conditions [B, ...], or what it reads itself: sentences, say.
    """
    return Conditioned(denoise, read_condition(denoise, labels))


def takes_condition(denoise: Any) -> bool:
    """Whether the denoiser can be told anything: it has classes, a null of its own, or reads what it is told."""
    return any(getattr(denoise, name, None) is not None for name in ("classes", "null", "read_condition"))


def read_condition(denoise: Any, condition: Any) -> Tensor:
    """What a person gives as a condition, as a tensor [B, ...] or [1, ...] for all; a ValueError if it is none.

    Labels where the denoiser has classes; else what its own `read_condition` makes of it, or what fits its `null`.
    """
    own, null = getattr(denoise, "read_condition", None), getattr(denoise, "null", None)
    if own is None and null is None:
        return check_labels(denoise, condition)
    tensor = own(condition) if own is not None else _tensor(condition)
    if null is not None and tensor.ndim == null.ndim - 1:
        tensor = tensor[None]
    if tensor.ndim == 0 or len(tensor) == 0:
        raise ValueError(f"a condition is a tensor [B, ...] with one row at least; got {condition!r}")
    if null is not None:
        if tensor.shape[1:] != null.shape[1:] or (tensor.is_floating_point() and not null.is_floating_point()):
            raise ValueError(f"conditions are {_kind(null)}, like this denoiser's null; got {_kind(tensor)}")
        tensor = tensor.to(null.dtype)
    return tensor


def as_condition(denoise: Any, labels: Any) -> Tensor:
    """What `generate` takes as labels, as a condition [B, ...]: classes by number or name, or what a denoiser reads."""
    if getattr(denoise, "null", None) is not None or getattr(denoise, "read_condition", None) is not None:
        return read_condition(denoise, labels)
    if isinstance(labels, Tensor):
        return check_labels(denoise, labels)
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise ValueError(f"labels are a list of classes by number or name, such as [7]; got {labels!r}")
    if len(labels) == 0:
        raise ValueError("labels are empty: give at least one, or None for no condition")
    return check_labels(denoise, [label_number(denoise, label) for label in labels])


def label_number(denoise: Any, label: int | str) -> int:
    """The number of a class. A whole number is that; a text is a name of the checkpoint's card, or else a number.

    So classes named "1" and "2" are the numbers 0 and 1, and the texts "1" and "2".
    """
    if isinstance(label, Integral) and not isinstance(label, bool):
        return int(label)
    names = [str(name).lower() for name in (getattr(denoise, "card", None) or {}).get("classes") or []]
    if str(label).lower() in names:
        return names.index(str(label).lower())
    if isinstance(label, str) and label.strip().isdecimal():
        return int(label)
    raise ValueError(f"no class {label!r}: the classes are {', '.join(names) or 'numbered from 0'}")


def check_labels(denoise: Any, labels: Any) -> Tensor:
    """Labels as a LongTensor [B] or [1], or a ValueError if the denoiser has no such class."""
    classes = getattr(denoise, "classes", None)
    if classes is None:
        raise ValueError("this denoiser takes no condition: it was made without classes")
    try:
        tensor = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError):  # None, words, rows of several lengths
        tensor = torch.empty(0)
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool or tensor.ndim > 1:
        raise ValueError(f"labels must be whole numbers of shape [B]; got {labels!r}")
    tensor = tensor.long().reshape(-1)
    if len(tensor) == 0:
        raise ValueError(f"labels must be whole numbers of shape [B], one at least; got {labels!r}")
    if tensor.min() < 0 or tensor.max() > classes:
        low, high = int(tensor.min()), int(tensor.max())
        got = low if low == high else f"{low}..{high}"
        raise ValueError(f"labels must lie in 0..{classes - 1}, or be {classes} for no condition; got {got}")
    return tensor


def null_condition(denoise: Any, device: torch.device | None = None) -> Tensor:
    """What stands for "no condition", as a condition [1, ...]: the denoiser's own `null`, or the label `classes`.

    Raises ValueError for a denoiser that has neither.
    """
    own, classes = getattr(denoise, "null", None), getattr(denoise, "classes", None)
    if own is not None:
        return own if device is None else moved(own, device)
    if classes is None:
        raise ValueError("this denoiser takes no condition: it was made without classes")
    return torch.full((1,), classes, device=device)


def is_null(denoise: Any, condition: Tensor) -> Tensor:
    """Which rows of a condition [B, ...] are the null, as booleans [B]."""
    same = condition == null_condition(denoise, condition.device)
    return same.reshape(len(condition), -1).all(dim=1)


def rows_for(condition: Tensor, x: Tensor) -> Tensor:
    """The labels, or conditions [B, ...], on x's device, one row for each row of x; a single one is repeated."""
    if len(condition) not in (1, len(x)):
        what = "label" if condition.ndim == 1 else "condition"
        raise ValueError(
            f"{len(condition)} {what}s for a batch of {len(x)}: give one {what} for each sample, or one for all"
        )
    return moved(condition, x.device).expand(len(x), *condition.shape[1:])


def _tensor(condition: Any) -> Tensor:
    try:
        return torch.as_tensor(condition)
    except (TypeError, ValueError, RuntimeError) as error:  # words, None, rows of several lengths
        raise ValueError(f"a condition is a tensor [B, ...] with one row for each sample; got {condition!r}") from error


def _kind(condition: Tensor) -> str:
    shape = ", ".join(map(str, ("B", *condition.shape[1:])))
    return f"{'numbers' if condition.is_floating_point() else 'whole numbers'} of shape [{shape}]"
