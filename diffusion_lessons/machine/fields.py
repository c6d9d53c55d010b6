"""A dataclass's values, checked by the types that its fields state: what a person typed, what a stranger's card says.

@dataclass(frozen=True)
class Config:
    widths: tuple[int, ...]
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_fields(self, widths=(1, 4096), dropout=(0, 1))

`check_value` does the same for one argument of a function.
"""

import math
import sys
import types
import typing
from collections.abc import Callable, Collection, Sized
from dataclasses import fields
from numbers import Integral, Real
from typing import Any, Literal, Union

LARGEST = sys.float_info.max
OWN = __name__.partition(".")[0]
WORDS: dict[Any, str] = {
    Callable: "a function",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
}


def check_fields(thing: Any, **ranges: tuple[float, float]) -> None:
    """Raise a ValueError that names the first field whose value is not of its type, or outside its range.

    Types are int, float (finite, a whole number too), bool, str, Literal, tuple[T, ...], classes, and unions of these.
    A range is (lowest, highest), both included, and holds for every number in a tuple.
    """
    annotations = typing.get_type_hints(type(thing))
    for field in fields(thing):
        check_value(field.name, getattr(thing, field.name), annotations[field.name], *ranges.get(field.name, ()))


def check_value(name: str, value: Any, kind: Any, low: float = -math.inf, high: float = math.inf) -> None:
    """Raise a ValueError that names the value if it is not of this type, or outside its range.

    The types are those of `check_fields`; the range holds for every number in a tuple.
    """
    if not _fits(value, kind, (low, high)):
        kinds = [one for one in _choices(kind) if one is not type(None)]
        expected = " or ".join(map(_words, kinds)) + _range(low, high)
        none = "" if len(kinds) == len(_choices(kind)) else ", or None"
        raise ValueError(f"{name} must be {expected}{none}; got {_shown(value)}")


def plain(value: Any) -> Any:
    """Python's own numbers for NumPy's, and lists for tuples, as JSON holds them; anything else as it is."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if type(value) in (bool, int, float) or not isinstance(value, Real):
        return value
    return int(value) if isinstance(value, Integral) else float(value)


def check_name(what: str, name: Any, known: Collection[str]) -> None:
    """Raise a ValueError that lists the `known` names of this kind of thing if `name` is none of them."""
    if not isinstance(name, str) or name not in known:
        raise ValueError(f"unknown {what} {name!r}; the {what}s are {', '.join(known)}")


def check_count(name: str, values: Sized, low: int, high: int) -> None:
    """Raise a ValueError unless there are `low` to `high` values."""
    if not low <= len(values) <= high:
        raise ValueError(f"{name} must be {low} to {high} values; there are {len(values)}")


def _fits(value: Any, kind: Any, bounds: tuple[float, float]) -> bool:
    origin = typing.get_origin(kind)
    if len(_choices(kind)) > 1:
        return any(_fits(value, choice, bounds) for choice in _choices(kind))
    if origin is Literal:
        return any(type(value) is type(choice) and value == choice for choice in typing.get_args(kind))
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(entry, typing.get_args(kind)[0], bounds) for entry in value)
    if kind in (int, float):
        number = isinstance(value, Integral if kind is int else Real) and not isinstance(value, bool)
        return number and -LARGEST <= value <= LARGEST and bounds[0] <= value <= bounds[1]  # NaN is neither
    return value is None if kind is type(None) else isinstance(value, origin or kind)


def _choices(kind: Any) -> tuple[Any, ...]:
    """The types of a union; of any other type, itself."""
    return typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)


def _words(kind: Any) -> str:
    origin = typing.get_origin(kind)
    if origin is Literal:
        return " or ".join(repr(choice) for choice in typing.get_args(kind))
    if origin is tuple:
        return f"a tuple, each of its values {_words(typing.get_args(kind)[0])}"
    kind = origin or kind
    root = kind.__module__.partition(".")[0]
    return WORDS.get(kind, f"a {kind.__name__}" if root in ("builtins", OWN) else f"a {root}.{kind.__name__}")


def _range(low: float, high: float) -> str:
    if math.isinf(high):
        return "" if math.isinf(low) else f" of at least {low:g}"
    return f" from {low:g} to {high:g}"


def _shown(value: Any, most: int = 60) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}..."
