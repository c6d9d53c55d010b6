"""Negatives are switched by noise level, and what they leave is counted beside the renormalised distribution."""

import pytest
import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.metrics.captions.negatives import (
    against_what_is_asked,
    default_negative,
    negated,
    real_moments,
    timed_negative,
)
from tests.captions.small import small_denoiser, small_parts
from tests.metrics.captions.test_system import always


def test_inside_the_window_it_is_guidance_with_a_negative_and_outside_without(denoise, x):
    t = 500.0
    level = denoise.path.sigma(t) / denoise.path.alpha(t)
    inside = timed_negative(denoise, "a seven", "red", 3.0, (level / 2, 2 * level))(x, t)
    outside = timed_negative(denoise, "a seven", "red", 3.0, (2 * level, 3 * level))(x, t)
    for found, negative in ((inside, "red"), (outside, None)):
        expected = classifier_free(denoise, "a seven", 3.0, negative)(x, t)
        torch.testing.assert_close(found.eps, expected.eps, atol=1e-5, rtol=1e-4)


def test_it_costs_two_evaluations_everywhere(denoise, x):
    counted = count_calls(denoise)
    timed_negative(counted, "a seven", "red", 3.0, (0.0, float("inf")))(x, 500.0)
    timed_negative(counted, "a seven", "red", 3.0, (0.0, 1e-6))(x, 500.0)
    assert counted.nfe == 4


def mixed(pictures):
    """Four pictures: a red seven, a blue one, a cyan one, and a blue three."""
    rows = torch.zeros(9, 4, dtype=torch.long)
    rows[0], rows[1] = torch.tensor([7, 7, 7, 3]), torch.tensor([2, 0, 5, 0])
    return Scenes(*rows)


def test_what_comes_instead_is_beside_the_prior_without_the_unwanted(denoise):
    figures = negated(denoise, mixed, 4, 3.0)
    assert figures["unwanted"][:3] == [1, 4, 0.25] and figures["followed"][:3] == [3, 4, 0.75]
    assert figures["ink"]["red"] == [0.3333, 0.0]
    assert figures["ink"]["blue"] == [0.3333, 0.25]  # 0.05 of 0.2: blue, purple, green and cyan share what is not red
    assert figures["ink"]["orange"] == [0.0, 0.0]  # held out
    assert figures["total variation"] == pytest.approx((1 / 3 + 2 * (1 / 3 - 1 / 4) + 2 / 4) / 2, abs=1e-4)
    plain = negated(denoise, mixed, 4, 3.0, negative=None)
    assert "unwanted" not in plain and plain["ink"]["red"] == [0.3333, 0.8]


def test_the_default_negative_is_counted_in_pairs():
    _, contrastive, _ = small_parts()
    real = real_moments(contrastive, load_sample().strokes, count=32)
    assert real.mean.shape == (8,)
    answers = iter([always(7, 2, 0, 0, 0, 1, 0, 0, 0), always(7, 2, 0, 0, 0, 0, 0, 0, 0)])
    figures = default_negative(
        small_denoiser(), lambda p: next(answers)(p), contrastive, real, 12, TEN_STEPS.changed(steps=2)
    )
    assert figures["without"]["smudged"][:2] == [12, 12] and figures["with"]["smudged"][:2] == [0, 12]
    assert figures["smudged minus"] == [12, 0]
    assert figures["with"]["frechet"] > 0 and -1 <= figures["with"]["clip score"] <= 1


def test_sentences_that_ask_for_what_the_negative_forbids_are_counted_in_pairs():
    """Sharp with the negative: each sentence asks for a smudge, so nothing is followed any more."""
    answers = iter([always(7, 2, 0, 0, 0, 1, 0, 0, 0), always(7, 2, 0, 0, 0, 0, 0, 0, 0)])
    figures = against_what_is_asked(
        small_denoiser(), lambda p: next(answers)(p), 60, settings=TEN_STEPS.changed(steps=1)
    )
    assert figures["without"]["smudged"][:2] == [60, 60] and figures["with"]["smudged"][:2] == [0, 60]
    followed = figures["without"]["all said"][0]
    assert 0 < followed < 60 and figures["with"]["all said"][0] == 0
    assert figures["all said minus"] == [followed, 0]


@pytest.fixture
def denoise():
    return small_denoiser()


@pytest.fixture
def x():
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
