"""The best of n by a score: scores rise, and what is followed is counted of the chosen picture."""

import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.metrics.captions.choosing import best_of
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
    assert figures["1"] == {"clip score": 0.25, "followed": 0.5, "any followed": 0.5}
    assert figures["2"] == {"clip score": 0.3, "followed": 0.5, "any followed": 1.0}
    assert figures["4"] == {"clip score": 0.4, "followed": 0.0, "any followed": 1.0}  # the score is misled


def test_binding_errors_of_what_is_chosen():
    rows = torch.zeros(9, 2, dtype=torch.long)
    rows[0], rows[1], rows[6], rows[7] = 7, 0, 2, torch.tensor([2, 0])  # a blue seven, its square red and blue

    class Two:
        def score(self, pictures, tokens):
            return torch.tensor([0.2, 0.1])

    sentences = ["a red seven and a blue square"]
    figures = best_of(small_denoiser(), lambda _: Scenes(*rows), Two(), sentences, TEN_STEPS.changed(steps=1), (1, 2))
    assert figures["2"]["binding errors"] == 1.0
