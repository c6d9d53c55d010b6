"""Measuring again: what moved is named, rows of tables are drawn anew, nothing is written."""

import pytest

import claims
from claims import images
from claims.numbers import Number
from claims.register import claim, measures, on
from claims.verdicts import above
from claims.verify import Draw, chosen, has_moved, verify
from diffusion_lessons.benchmark import again, shipped
from diffusion_lessons.sampling import Settings
from tests import made

VALUES = {"x": 1.0}


@pytest.fixture
def kept(empty):
    claim("C1a", "1", "One.")
    cases = on("paper"), on("MNIST", command="diffusion-lessons techniques mnist-diffusion")
    measures("C1a", "x", above("x", 0.0), *cases)(lambda: [Number("x", VALUES["x"], 0.1, 24, 100), Number("count", 2)])
    return claims.gather()


def test_what_is_as_it_was_says_so(kept):
    again, left = chosen(kept)
    assert [(test.case.words, why) for test, why in left] == [
        ("MNIST", "read from a table, which `diffusion-lessons techniques mnist-diffusion` measures anew")
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


@pytest.fixture
def from_rows(empty, monkeypatch):
    """A claim that reads two rows, 10 and 50 steps, both at distance 1; and what is drawn of them, at distance 3."""
    drawn = []

    def draw(row, samples=None):
        drawn.append((row.settings.steps, samples))
        return made.row("net", "ddim", row.settings.steps, 3.0 if row.settings.steps == 10 else 1.0)

    monkeypatch.setattr(again, "drawn_again", draw)
    monkeypatch.setattr("claims.verify._drawn", {})
    monkeypatch.setattr(shipped, "rows", lambda name: [made.row("net", "ddim", steps, 1.0) for steps in (10, 50)])

    def compared():
        ten, fifty = images.rows("net", Settings("ddim", 10), Settings("ddim", 50))
        return [images.difference("ten - fifty", ten, fifty)]

    claim("C2a", "1", "Two.")
    measures("C2a", "x", above("ten - fifty", 1.0), on("MNIST", command="tables", rows=True))(compared)
    return claims.gather(), drawn


def test_what_is_read_from_rows_is_sampled_anew_and_not_only_read_again(from_rows):
    kept, drawn = from_rows
    again, left = chosen(kept)
    assert not left
    (check,) = verify(again)
    assert drawn == [(10, 100)] and [one.name for one, _ in check.moved] == ["ddim@10 on net: frechet"]
    assert "ddim@10 on net: 2,000 samples drawn anew, frechet compared" in str(check)
    assert check.now == check.before


def test_with_every_row_in_full_the_verdict_is_that_of_the_new_rows(from_rows):
    kept, drawn = from_rows
    (check,) = verify(chosen(kept)[0], Draw(None, None))
    assert drawn == [(10, None), (50, None)]
    assert (check.before.word, check.now.word) == ("does not hold here", "holds")
    assert "ten - fifty" in [one.name for one, _ in check.moved]
    assert claims.read() == kept
