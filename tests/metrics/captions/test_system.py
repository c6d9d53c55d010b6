"""What is counted of the whole system: on one with random weights, and a judge that sees what it is told to."""

import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.data.captions.scenes import HELD_OUT_DIGITS, HELD_OUT_SHAPES, Scenes
from diffusion_lessons.data.captions.sentences import read, write
from diffusion_lessons.metrics.captions.system import follow_sentences, fresh_sentences, held_out, red_sevens
from tests.captions.small import small_denoiser, small_parts

TWO_STEPS = TEN_STEPS.changed(steps=2)


def always(*values):
    """A judge that sees one scene everywhere."""
    return lambda pictures: Scenes(*torch.tensor(values)[:, None].expand(9, len(pictures)))


def test_a_judge_that_sees_red_sevens_counts_them():
    red, blue = (always(7, ink, 0, 0, 0, 0, 0, 0, 0) for ink in (2, 0))
    assert red_sevens(small_denoiser(), red, 4, TWO_STEPS)["ink"][:3] == [4, 4, 1]
    assert red_sevens(small_denoiser(), blue, 4, TWO_STEPS)["ink"][:3] == [0, 4, 0]
    assert red_sevens(small_denoiser(), always(3, 2, 0, 0, 0, 0, 0, 0, 0), 4, TWO_STEPS) == {}


def test_pairs_that_no_scene_shows_are_asked_for_in_turn():
    digit, ink = sorted(HELD_OUT_DIGITS)[0]
    figures = held_out(small_denoiser(), always(digit, ink, 0, 0, 0, 0, 0, 0, 0), len(HELD_OUT_DIGITS), TWO_STEPS)
    both = sum(pair == (digit, ink) for pair in HELD_OUT_DIGITS)
    assert figures["digits"]["all said"][:2] == [both, len(HELD_OUT_DIGITS)]
    assert figures["shapes"]["shape"][:2] == [0, len(HELD_OUT_DIGITS)] and len(HELD_OUT_SHAPES) == 6


def test_sentences_are_of_the_language_and_their_adherence_is_counted():
    sentences = fresh_sentences(8)
    assert sentences == fresh_sentences(8) != fresh_sentences(8, seed=2)
    assert all(read(write(read(sentence))) == read(sentence) for sentence in sentences)
    _, contrastive, _ = small_parts()
    figures = follow_sentences(small_denoiser(), always(7, 2, 0, 0, 0, 0, 0, 0, 0), contrastive, 8, TWO_STEPS)
    said = [read(sentence) for sentence in sentences]
    assert figures["digit"][1] == sum("digit" in mention for mention in said)
    assert -1 <= figures["clip score"] <= 1
