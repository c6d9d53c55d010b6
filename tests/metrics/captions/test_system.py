"""What is counted of the whole system: on one with random weights, and a judge that sees what it is told to."""

import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.data.captions.scenes import HELD_OUT_DIGITS, HELD_OUT_SHAPES, Scenes
from diffusion_lessons.data.captions.sentences import read, write
from diffusion_lessons.metrics.captions.system import (
    follow_sentences,
    fresh_sentences,
    held_out,
    left_open,
    red_sevens,
    seen,
    smudged_sentences,
    two_ink_sentences,
    two_inks,
)
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


def test_sentences_of_two_inks_and_a_judge_that_sees_one_ink_everywhere():
    sentences = two_ink_sentences(12)
    said = [read(sentence) for sentence in sentences]
    assert all(one["ink"] != one["shape_ink"] for one in said) and sentences[:5] == two_ink_sentences(5)
    _, contrastive, _ = small_parts()
    figures = two_inks(small_denoiser(), always(7, 2, 0, 0, 0, 0, 1, 2, 0), contrastive, 12, TWO_STEPS)
    red = {name: sum(one[name] == 2 for one in said) for name in ("ink", "shape_ink")}
    assert figures["digit's ink on the object"][:2] == [red["ink"], 12]
    assert figures["object's ink on the digit"][:2] == [red["shape_ink"], 12]
    assert figures["ink leaked"][0] == sum(red.values()) and figures["inks swapped"][0] == 0


def test_pairs_that_training_showed_are_all_others_but_sevens():
    blue_one = always(1, 0, 0, 0, 0, 0, 1, 0, 0)
    figures = seen(small_denoiser(), blue_one, 96, TWO_STEPS)  # 54 pairs of digit and ink less 11 held out, 12 shapes
    assert figures["digits"]["all said"][:2] == [3, 96]  # the pair is number 4 of 43 and comes three times
    assert figures["shapes"]["all said"][:2] == [8, 96]


def test_what_a_sentence_leaves_open_is_beside_its_exact_distribution():
    rows = torch.zeros(9, 8, dtype=torch.long)
    rows[0] = torch.tensor([7] * 6 + [1] * 2)  # six sevens, of which three are red and three blue
    rows[1, :3] = 2
    rows[2] = torch.arange(8) % 3
    figures = left_open(small_denoiser(), lambda pictures: Scenes(*rows), 8, TWO_STEPS)
    assert figures["followed"] == [6, 8]
    assert figures["ink"]["red"] == [0.5, 0.8] and figures["ink"]["blue"] == [0.5, 0.05]
    one_bit = 1 + 1 / (2 * 6 * 0.6931)  # of two values that come equally often, with Miller's correction
    assert abs(figures["entropy"]["ink"][0] - one_bit) < 1e-3
    assert abs(figures["entropy"]["stroke"][1] - 1.585) < 1e-3  # log2 of 3
    assert figures["ink of all"]["red"] == [0.375, 0.8] and figures["ink of all"]["blue"] == [0.625, 0.05]
    none = left_open(small_denoiser(), always(3, 2, 0, 0, 0, 0, 0, 0, 0), 4, TWO_STEPS)
    assert none.keys() == {"followed", "ink of all"} and none["followed"] == [0, 4]


def test_sentences_that_ask_for_a_smudge_ask_for_more_than_that():
    """The word alone would be the prompt that equals its negative."""
    mentions = [read(sentence) for sentence in smudged_sentences(200)]
    assert len(mentions) == 200 and all(mention["smudged"] == 1 and len(mention) > 1 for mention in mentions)
