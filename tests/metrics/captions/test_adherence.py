"""Adherence is counted as a person would count it."""

import pytest
import torch

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.scenes import Scenes, draw_scenes
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.metrics.captions.adherence import ALL, adherence, ink_leaks, swapped, unsaid_entropy


def scenes(*rows: tuple[int, ...]) -> Scenes:
    return Scenes(*torch.tensor(rows).T)


def test_each_attribute_is_counted_where_it_was_said():
    mentions = [read("a red seven"), read("a red digit"), read("a seven on white"), {}]
    seen = scenes(  # digit, ink, stroke, slant, paper, smudged, shape, shape_ink, corner
        (7, 2, 0, 0, 0, 0, 0, 0, 0),
        (3, 1, 0, 0, 0, 0, 0, 0, 0),  # not red
        (7, 0, 0, 0, 0, 0, 0, 0, 0),  # on black
        (5, 5, 2, 1, 1, 1, 0, 0, 0),  # nothing was asked
    )
    rows = {row.attribute: row for row in adherence(mentions, seen)}
    assert {name: (row.followed, row.asked) for name, row in rows.items()} == {
        "digit": (2, 2),
        "ink": (1, 2),
        "paper": (0, 1),
        ALL: (1, 3),
    }
    assert rows["ink"].low < 0.5 < rows["ink"].high and rows["digit"].high == 1


def test_an_ink_that_leaks_is_counted_in_either_direction():
    asked = read("a red seven and a blue square")
    seen = scenes(
        (7, 2, 0, 0, 0, 0, 2, 0, 0),  # right
        (7, 0, 0, 0, 0, 0, 2, 2, 0),  # swapped
        (7, 0, 0, 0, 0, 0, 2, 0, 0),  # the object's blue on the digit
        (7, 2, 0, 0, 0, 0, 2, 2, 0),  # the digit's red on the object
        (7, 2, 0, 0, 0, 0, 3, 2, 1),  # the same, on an object of another shape
        (7, 3, 0, 0, 0, 0, 2, 4, 0),  # two inks that nobody named
        (7, 2, 0, 0, 0, 0, 2, 4, 0),  # one of them, on the object
        (7, 0, 0, 0, 0, 0, 2, 4, 0),  # the same, and the object's blue on the digit: leaked, though not on both
        (7, 3, 0, 0, 0, 0, 2, 3, 0),  # one ink on both things, but one that nobody named
        (7, 2, 0, 0, 0, 0, 0, 2, 0),  # no object: it has no ink, whatever is noted there
    )
    leaks = {row.attribute: (row.followed, row.asked) for row in ink_leaks([asked] * 10, seen)}
    assert leaks == {
        "ink leaked": (5, 10),
        "digit's ink on the object": (3, 10),
        "object's ink on the digit": (3, 10),
        "inks swapped": (1, 10),
        "one ink on both things": (3, 10),
        "ink that nobody named": (4, 10),
        "such an ink on the object": (4, 10),
    }
    row = ink_leaks([asked] * 10, seen)[0]
    assert row.low < row.share == 5 / 10 < row.high


def test_every_picture_of_two_inks_is_counted_once():
    asked = read("a red seven and a blue square")
    pairs = [(ink, shape_ink) for ink in range(6) for shape_ink in range(6)]
    every = [(7, ink, 0, 0, 0, 0, shape, shape_ink, 0) for ink, shape_ink in pairs for shape in (0, 2)]
    rows = {row.attribute: row.followed for row in ink_leaks([asked] * 72, scenes(*every))}
    right, without_object = 1, 2 * 6  # in an ink that was named; what is noted as its object's ink does not matter
    kinds = ("inks swapped", "one ink on both things", "ink that nobody named")
    assert [rows[name] for name in kinds] == [1, 2, 4 * 12 + 2 * 4]
    assert right + without_object + sum(rows[name] for name in kinds) == 72
    assert rows["such an ink on the object"] == 6 * 4


def test_only_sentences_with_two_different_inks_can_leak():
    silent = [read("a red seven"), read("a red seven and a red square"), {}]
    assert all(row.asked == 0 for row in ink_leaks(silent, scenes(*[(7, 2, 0, 0, 0, 0, 2, 2, 0)] * 3)))
    asked = read("a red seven and a blue square")
    assert swapped(asked) == read("a blue seven and a red square")
    with pytest.raises(ValueError, match="two inks"):
        swapped(read("a red seven"))


def test_entropy_of_scenes_that_fit_is_the_exact_one():
    generator = torch.Generator().manual_seed(0)
    drawn = draw_scenes(100_000, generator)
    sevens = drawn.rows((drawn.digit == 7) & (drawn.shape == 0) & (drawn.smudged == 0))
    rows = unsaid_entropy(read("a seven"), sevens)
    assert "digit" not in rows
    for name in ("ink", "stroke", "slant", "paper"):
        assert rows[name][0] == pytest.approx(rows[name][1], abs=0.05)


def test_a_sentence_for_each_picture():
    with pytest.raises(ValueError, match="2 sentences and 1 pictures"):
        adherence([{}, {}], scenes((7, 2, 0, 0, 0, 0, 0, 0, 0)))


def test_sentences_of_the_shipped_sample_are_followed_by_its_scenes():
    sample = load_sample()
    assert adherence([read(sentence) for sentence in sample.sentences], sample.scenes)[-1].share == 1
