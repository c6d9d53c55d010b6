"""Pairs are the same for everybody, their order and sides are each person's own."""

from collections import Counter

import pytest
import torch

from diffusion_lessons.captions.drawing import TEN_STEPS, draw
from diffusion_lessons.metrics.preference.pairs import WAYS, order_for, pictures_of, scores_of, study_pairs
from tests.captions.small import small_denoiser

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
    scores = scores_of(denoise, [pair], lambda pictures, sentence: pictures.mean(dim=(1, 2, 3)), TWO)
    assert scores == {pair.name: {way: pytest.approx(float(found[way].mean()), abs=1e-6) for way in TWO}}


def test_a_study_of_one_way_is_none():
    with pytest.raises(ValueError, match="1 ways"):
        study_pairs(ways=("scale 1",))
