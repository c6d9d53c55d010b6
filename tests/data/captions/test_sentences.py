"""Sentences say what they are meant to say: a reader gets every mention back, and errors name the near words."""

import itertools

import pytest
import torch

from diffusion_lessons.data.captions.scenes import ATTRIBUTES, draw_scenes
from diffusion_lessons.data.captions.sentences import (
    OMITTED,
    SMUDGE_SAID,
    TEMPLATES,
    draw_mentions,
    draw_sentences,
    read,
    write,
)
from diffusion_lessons.data.captions.vocabulary import LENGTH, VOCABULARY, detokenize, tokenize


def test_every_sentence_is_read_back_and_fits():
    generator = torch.Generator().manual_seed(1)
    scenes = draw_scenes(30_000, generator)
    mentions = draw_mentions(scenes, generator)
    sentences = draw_sentences(mentions, generator)
    assert [read(sentence) for sentence in sentences] == mentions
    tokens = tokenize(sentences)
    assert tokens.shape == (30_000, LENGTH) and detokenize(tokens) == sentences
    assert set(tokens.unique().tolist()) == set(range(len(VOCABULARY))), "every word is used"


def test_a_mention_says_only_what_is_true_and_never_an_absent_object():
    generator = torch.Generator().manual_seed(2)
    scenes = draw_scenes(5_000, generator)
    table = scenes.stacked().tolist()
    for row, mention in zip(table, draw_mentions(scenes, generator), strict=True):
        truth = dict(zip(ATTRIBUTES, row, strict=True))
        assert mention.items() <= truth.items()
        if truth["shape"] == 0:
            assert not mention.keys() & {"shape", "shape_ink", "corner"}
        assert mention.get("smudged", 1) == 1


def test_shares_of_what_is_said():
    generator = torch.Generator().manual_seed(3)
    scenes = draw_scenes(40_000, generator)
    mentions = draw_mentions(scenes, generator)

    def share(name, among):
        chosen = [mention for mention, there in zip(mentions, among.tolist(), strict=True) if there]
        return sum(name in mention for mention in chosen) / len(chosen)

    everywhere = torch.ones(scenes.size, dtype=torch.bool)
    for name in ("digit", "ink", "stroke", "slant", "paper"):
        assert share(name, everywhere) == pytest.approx(1 - OMITTED, abs=0.01)
    assert share("shape", scenes.shape > 0) == pytest.approx(1 - OMITTED, abs=0.015)
    assert share("corner", scenes.shape > 0) == pytest.approx((1 - OMITTED) ** 2, abs=0.015)
    assert share("smudged", scenes.smudged == 1) == pytest.approx(SMUDGE_SAID, abs=0.03)


def test_all_that_can_be_said_fits_in_every_template_and_synonym():
    full = {name: len(values) - 1 for name, values in ATTRIBUTES.items()}
    for template, choice in itertools.product(range(len(TEMPLATES)), range(512)):
        sentence = write(full, template, choice)
        assert len(sentence.split()) <= LENGTH and read(sentence) == full


def test_examples():
    seven = {"digit": 7, "ink": 2, "stroke": 2}
    assert write(seven) == "a thick red seven"
    assert write({"digit": 8, "ink": 4}) == "an orange eight"
    assert read("A thick, red seven.") == read("A thick red seven!") == read("a thick red seven?! ") == seven
    assert read("") == {} and read("a digit") == {}
    assert read("red") == {"ink": 2} and read("smudged") == {"smudged": 1}
    both = read("a red seven and a blue square top left on white")
    assert both == {"digit": 7, "ink": 2, "paper": 1, "shape": 2, "shape_ink": 0, "corner": 0}
    swapped = read("a blue seven and a red square top left on white")
    assert (swapped["ink"], swapped["shape_ink"]) == (0, 2)
    assert read("seven leaning left and disc top right") == {"digit": 7, "slant": 0, "shape": 1, "corner": 1}


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("a thik red seven", "'thik' \\(near: thick"),
        ("a turquoise seven", "turquoise"),
        ("a leaning seven", "write leaning left or leaning right"),
        ("a white seven", "write on white"),
        ("a red seven and a blue seven", "two things of one ink: red and blue"),
        ("a two three", "two things of one digit: two and three"),
        ("a blue disc and a red square", "two objects"),
    ],
)
def test_what_is_not_understood_is_said(sentence, message):
    with pytest.raises(ValueError, match=message):
        read(sentence)
