"""The values that go into an exercise and come out of it: handed over in several conventions, compared in one.

A learner may write with floats and `math`, with numpy or with torch. Inputs are drawn once as floats and numpy arrays
and handed over in the first convention that the learner's function accepts; what it returns is turned into plain
Python values (numbers, text, lists), which can leave a process as JSON, and compared as such.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

RELATIVE, ABSOLUTE = 2e-4, 1e-4  # wide enough for single precision, far below any mistake
MOST_NUMBERS = 100_000  # in one answer

Plain = Any  # None, bool, float, str, or lists and dicts of them


def plain(value: Any) -> Plain:
    """A returned value as None, bool, float, str, or lists and dicts of these; TypeError for anything else."""
    if isinstance(value, torch.Tensor):
        if value.is_meta:
            raise TypeError("a tensor on the device 'meta', which holds no numbers")
        value = value.detach().cpu().resolve_conj().numpy() if not value.is_sparse else value.to_dense().numpy()
    if isinstance(value, np.ndarray | np.generic):
        if value.size > MOST_NUMBERS:
            raise TypeError(f"an array of {value.size} numbers, more than any answer here has")
        value = value.tolist()
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            raise TypeError("a whole number of more than 300 digits, too large for a float") from None
    if isinstance(value, complex):
        raise TypeError("complex numbers: take their real part")
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, list | tuple | range):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__}; expected numbers, arrays, tensors, text, or lists of them")


def same(yours: Plain, expected: Plain) -> bool:
    """Whether two plain values agree: numbers to single precision, axes of length 1 ignored, all else exactly."""
    if isinstance(expected, dict):
        return (
            isinstance(yours, dict)
            and yours.keys() == expected.keys()
            and all(same(yours[k], expected[k]) for k in expected)
        )
    a, b = _as_array(yours), _as_array(expected)
    if a is not None and b is not None:
        finite = np.abs(b[np.isfinite(b)])
        tolerance = ABSOLUTE + RELATIVE * (finite.max() if finite.size else 0.0)
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True))
    if isinstance(yours, list) and isinstance(expected, list):
        return len(yours) == len(expected) and all(same(a, b) for a, b in zip(yours, expected, strict=True))
    return type(yours) is type(expected) and yours == expected


def _as_array(value: Plain) -> np.ndarray | None:
    """A number or a rectangular list of numbers as an array without axes of length 1; None if it is neither."""
    if value is None or isinstance(value, str | dict):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):  # lists of unequal length
        return None
    return np.squeeze(array.astype(float)) if array.dtype.kind in "bif" else None


def conventions(function: Callable) -> Iterator[Callable]:
    """The function called in each convention: tensors, tensors also for single numbers, numpy, one number at a time."""
    yield lambda *args: function(*[_tensor(a) if isinstance(a, np.ndarray) else copy.deepcopy(a) for a in args])
    yield lambda *args: function(*[_tensor(a) if isinstance(a, np.ndarray | float) else copy.deepcopy(a) for a in args])
    yield lambda *args: function(*copy.deepcopy(args))
    yield lambda *args: _one_by_one(function, args)


def _tensor(value: Any) -> torch.Tensor:
    return torch.as_tensor(np.array(value))


def _one_by_one(function: Callable, args: tuple) -> Plain:
    """f([a, b], c) as [f(a, c), f(b, c)], for functions of single numbers; all arrays must have one shape."""
    shapes = {a.shape for a in args if isinstance(a, np.ndarray)}
    if not shapes:
        return function(*copy.deepcopy(args))
    if len(shapes) > 1:
        raise TypeError("these arguments cannot be taken one number at a time")
    (shape,) = shapes
    results = [
        function(*[a[index].item() if isinstance(a, np.ndarray) else copy.deepcopy(a) for a in args])
        for index in np.ndindex(shape)
    ]
    return np.array(results, dtype=float).reshape(shape)


def _depth(value: Any) -> int:
    return 1 + _depth(value[0]) if isinstance(value, list | tuple) and value else 0


def show(value: Any) -> str:
    """A value for a message: short, with four digits."""
    if isinstance(value, torch.Tensor | np.ndarray):
        value = value.tolist()
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return repr(value)
    if isinstance(value, int | float):
        return f"{value:.4g}"
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], int | float):
        return show(value[0])
    if isinstance(value, list | tuple):
        most = 4 if _depth(value) < 3 else 2  # of a batch of images two are enough
        inside = ", ".join(show(item) for item in value[:most])
        return f"[{inside}{', ...' if len(value) > most else ''}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    return str(value)
