"""Adherence is counted as a person would count it."""

import pytest
import torch

from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.scenes import Scenes, draw_scenes
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.metrics.captions.adherence import ALL, adherence, binding_errors, swapped, unsaid_entropy


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


def test_binding_errors_are_exact_swaps():
    asked = read("a red seven and a blue square")
    seen = scenes(
        (7, 2, 0, 0, 0, 0, 2, 0, 0),  # right
        (7, 0, 0, 0, 0, 0, 2, 2, 0),  # swapped
        (7, 0, 0, 0, 0, 0, 2, 0, 0),  # wrong in another way
        (7, 0, 0, 0, 0, 0, 0, 0, 0),  # no object
    )
    errors = binding_errors([asked] * 4, seen)
    assert (errors.followed, errors.asked) == (1, 4)
    assert binding_errors([read("a red seven")], seen.rows(slice(1))).asked == 0
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
