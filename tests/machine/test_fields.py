"""A dataclass's values are checked by its annotations, and the first that does not fit is named in one line."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
import torch

from diffusion_lessons.machine.fields import check_count, check_fields, check_name, check_value, plain


@dataclass(frozen=True)
class Thing:
    count: int = 1
    share: float = 0.5
    name: str = "a"
    flip: bool = False
    kind: Literal["one", "two"] = "one"
    compile: bool | Literal["graphs"] | None = None
    sides: tuple[int, ...] = (1, 2)
    card: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        check_fields(self, count=(1, 10), share=(0, 1), sides=(0, 5))


def test_what_fits_is_kept():
    assert Thing(10, 1, "b", True, "two", "graphs", (), {}).share == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"count": 0}, "count must be a whole number from 1 to 10; got 0"),
        ({"count": 2.0}, "count must be a whole number from 1 to 10; got 2.0"),
        ({"count": True}, "count must be a whole number from 1 to 10; got True"),
        ({"share": "abc"}, "share must be a number from 0 to 1; got 'abc'"),
        ({"share": float("nan")}, "share must be a number from 0 to 1; got nan"),
        ({"share": 10**400}, "share must be a number from 0 to 1; got 1"),
        ({"name": 5}, "name must be a text; got 5"),
        ({"flip": "no"}, "flip must be true or false; got 'no'"),
        ({"flip": 1}, "flip must be true or false; got 1"),
        ({"kind": "three"}, "kind must be 'one' or 'two'; got 'three'"),
        ({"compile": "maybe"}, "compile must be true or false or 'graphs', or None; got 'maybe'"),
        ({"sides": [1]}, r"sides must be a tuple, each of its values a whole number from 0 to 5; got \[1\]"),
        ({"sides": (1, 6)}, "sides must be"),
        ({"card": "x" * 100}, r"card must be a dict, or None; got 'x{59}\.\.\.$"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_does_not_fit_is_named(changes, message):
    with pytest.raises(ValueError, match=message) as told:
        Thing(**changes)
    assert len(str(told.value)) < 160


def test_counts():
    check_count("widths", (1, 2), 1, 2)
    with pytest.raises(ValueError, match="widths must be 1 to 2 values; there are 3"):
        check_count("widths", (1, 2, 3), 1, 2)


@pytest.mark.parametrize(
    ("value", "kind", "range_", "message"),
    [
        (0, int | None, (1,), "n must be a whole number of at least 1, or None; got 0"),
        ("x", torch.Generator | None, (), "n must be a torch.Generator, or None; got 'x'"),
        (3, Callable, (), "n must be a function; got 3"),
        (None, dict, (), "n must be a dict; got None"),
        (
            (1, -2),
            tuple[int, ...],
            (0,),
            r"n must be a tuple, each of its values a whole number of at least 0; got",
        ),
    ],
)
def test_an_argument_is_named_with_what_was_expected(value, kind, range_, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        check_value("n", value, kind, *range_)
    check_value("n", None, int | None)


@pytest.mark.parametrize("name", ["dddim", "", None, 3, ["ddim"], {"ddim": 1}])
def test_a_name_is_one_of_those_known(name):
    check_name("sampler", "ddim", ("ddim", "heun"))
    with pytest.raises(ValueError, match=re.escape(f"unknown sampler {name!r}; the samplers are ddim, heun")):
        check_name("sampler", name, {"ddim": 1, "heun": 2})


def test_plain_values_are_those_of_json():
    assert plain((np.int64(2), np.float32(0.5), (True, "a"), None)) == [2, 0.5, [True, "a"], None]
    assert type(plain(np.int64(2))) is int and type(plain(np.float32(0.5))) is float
    assert plain(value := torch.ones(2)) is value
