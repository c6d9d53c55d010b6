"""Measuring again: what moved is named, what a table holds is left out with its command, nothing is written."""

import pytest

import claims
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import above
from claims.verify import chosen, has_moved, verify

VALUES = {"x": 1.0}


@pytest.fixture
def kept(empty):
    claim("C1a", "1", "One.")
    cases = on("paper"), on("MNIST", command="python tools/tables.py mnist-diffusion")
    measures("C1a", "x", above("x", 0.0), *cases)(lambda: [Number("x", VALUES["x"], 0.1, 24, 100), Number("count", 2)])
    return claims.gather()


def test_what_is_as_it_was_says_so(kept):
    again, left = chosen(kept)
    assert [(test.case.words, why) for test, why in left] == [
        ("MNIST", "read from a table, which `python tools/tables.py mnist-diffusion` makes")
    ]
    (check,) = verify(again)
    assert not check.moved and str(check) == "C1a   paper: as it was"


def test_what_moved_beyond_its_interval_is_named(kept, monkeypatch):
    monkeypatch.setitem(VALUES, "x", -3.0)
    (check,) = verify(chosen(kept)[0])
    assert [one.name for one, _ in check.moved] == ["x"]
    assert str(check).endswith("verdict: holds, now does not hold here")
    assert claims.read() == kept


def test_without_names_what_takes_long_is_left_out(kept):
    from dataclasses import replace

    slow = {"C1a": [replace(one, seconds=100.0) for one in kept["C1a"]]}
    assert not chosen(slow)[0] and "name the claim" in chosen(slow)[1][0][1]
    assert len(chosen(slow, ["C1a"])[0]) == 1


@pytest.mark.parametrize(
    ("before", "now", "moved"),
    [
        (Number("n", 20), Number("n", 20.001), False),
        (Number("n", 20), Number("n", 21), True),
        (Number("n", 0.0), Number("n", 1e-7), False),
        (Number("n", 1.0, 0.1), Number("n", 1.25, 0.1), False),
        (Number("n", 1.0, 0.1), Number("n", 1.35, 0.1), True),
    ],
)
def test_moved(before, now, moved):
    assert has_moved(before, now) == moved
