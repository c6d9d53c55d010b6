"""Pairs are the same for everybody, their order and sides are each person's own."""

from collections import Counter

import pytest
import torch

from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.metrics.preference.pairs import (
    WAYS,
    measures_of,
    of_ways,
    order_for,
    pictures_of,
    scores_of,
    study_pairs,
)
from tests.captions.small import small_denoiser, small_parts

TWO = {"one": TEN_STEPS.changed(steps=1), "two": TEN_STEPS.changed(steps=2)}


def test_every_two_ways_are_shown_equally_often():
    pairs = study_pairs(each=3)
    counts = Counter((pair.first, pair.second) for pair in pairs)
    assert len(counts) == len(WAYS) * (len(WAYS) - 1) / 2 and set(counts.values()) == {3}
    assert len({pair.name for pair in pairs}) == len(pairs) and pairs == study_pairs(each=3)


def test_order_and_sides_are_a_persons_own_and_stay():
    pairs = study_pairs(each=4)
    anna, ben = (list(order_for(person, pairs)) for person in ("anna", "ben"))
    assert anna == list(order_for("anna", pairs)) != ben
    assert sorted(row[0].name for row in anna) == sorted(pair.name for pair in pairs)
    assert all({left, right} == {pair.first, pair.second} for pair, left, right in anna)
    swapped = sum(left == pair.second for pair, left, _ in anna)
    assert 0 < swapped < len(pairs)


def test_the_two_pictures_share_sentence_and_noise():
    denoise, (pair, *_) = small_denoiser(), study_pairs(["a seven"], tuple(TWO), each=1, seed=5)
    found = pictures_of(denoise, pair, TWO)
    for way, picture in found.items():
        torch.testing.assert_close(picture, draw(denoise, "a seven", 1, TWO[way], seed=5).pictures[0])
    measures = {"mean": lambda pictures, sentence: pictures.mean(dim=(1, 2, 3)), "none": lambda *_: [0, 0]}
    scores = scores_of(denoise, [pair], measures, TWO)
    assert scores["mean"] == {pair.name: {way: pytest.approx(float(found[way].mean()), abs=1e-6) for way in TWO}}
    assert scores["none"] == {pair.name: dict.fromkeys(TWO, 0)} == of_ways([pair], dict.fromkeys(TWO, 0))


def test_the_truth_is_the_share_of_what_was_said_that_is_shown():
    rows = torch.zeros(9, 2, dtype=torch.long)
    rows[0], rows[1], rows[2] = torch.tensor([7, 3]), torch.tensor([2, 0]), 2  # a thick red 7, a thick blue 3
    _, contrastive, _ = small_parts()
    measures = measures_of(lambda _: Scenes(*rows), contrastive)
    pictures = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert measures["truth"](pictures, "a thick red seven").tolist() == [1, pytest.approx(1 / 3)]
    scores = contrastive.score(pictures, tokenize(["a thick red seven"] * 2))
    assert torch.equal(measures["CLIP score"](pictures, "a thick red seven"), scores)


def test_a_study_of_one_way_is_none():
    with pytest.raises(ValueError, match="1 ways"):
        study_pairs(ways=("scale 1",))
