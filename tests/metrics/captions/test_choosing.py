"""The best of n by a score: scores rise, and what is followed is counted of the chosen picture."""

import pytest
import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.metrics.captions.choosing import best_of, mean_interval
from tests.captions.small import small_denoiser


class Scores:
    """A contrastive pair that prefers later pictures of a sentence."""

    def score(self, pictures, tokens):
        return torch.tensor([0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1])


def judge(pictures):
    """Of two sentences with four pictures each: digits 7 7 3 3, then 6 7 6 6."""
    rows = torch.zeros(9, 8, dtype=torch.long)
    rows[0] = torch.tensor([7, 7, 3, 3, 6, 7, 6, 6])
    return Scenes(*rows)


def test_the_chosen_picture_is_the_one_that_is_counted():
    figures = best_of(small_denoiser(), judge, Scores(), ["a seven", "a seven"], TEN_STEPS.changed(steps=1), (1, 2, 4))
    found = {n: (row["clip score"][0], row["followed"][:3], row["any followed"][:3]) for n, row in figures.items()}
    assert found["1"] == (0.25, [1, 2, 0.5], [1, 2, 0.5])
    assert found["2"] == (0.3, [1, 2, 0.5], [2, 2, 1.0])
    assert found["4"] == (0.4, [0, 2, 0.0], [2, 2, 1.0])  # the score is misled
    assert [figures[n]["followed, gained"][0] for n in "124"] == [0, 0, -0.5]
    assert [figures[n]["followed, missed"][0] for n in "124"] == [0, 0.5, 1]


def test_differences_are_paired_by_sentences():
    """Both lose the same sentence, so the difference is sure, although each share is not."""
    sure, split = torch.tensor([1.0, 1, 1, 1]), torch.tensor([0.0, 0, 1, 1])
    assert mean_interval(sure) == [1, 1, 1]
    value, low, high = mean_interval(split)
    assert value == 0.5 and high - value == pytest.approx(1.96 * (1 / 3) ** 0.5 / 2, abs=1e-3)
    assert value - low == pytest.approx(high - value)


def test_inks_that_leak_in_what_is_chosen():
    rows = torch.zeros(9, 2, dtype=torch.long)
    rows[0], rows[1], rows[6], rows[7] = 7, 2, 2, torch.tensor([2, 0])  # a red seven, its square red and blue

    class Two:
        def score(self, pictures, tokens):
            return torch.tensor([0.2, 0.1])

    sentences = ["a red seven and a blue square"]
    figures = best_of(small_denoiser(), lambda _: Scenes(*rows), Two(), sentences, TEN_STEPS.changed(steps=1), (1, 2))
    assert figures["2"]["ink leaked"][:3] == [1, 1, 1.0]
