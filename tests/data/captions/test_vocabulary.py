"""The words of the captions: few, each with one number, and unknown ones are answered with those that look alike."""

import pytest

from diffusion_lessons.data.captions.scenes import ATTRIBUTES
from diffusion_lessons.data.captions.vocabulary import (
    LENGTH,
    NUMBERS,
    VOCABULARY,
    WORDS,
    check_words,
    detokenize,
    tokenize,
)


def test_the_vocabulary_is_small_and_numbered_from_no_word():
    assert 44 <= len(VOCABULARY) <= 48 and VOCABULARY[0] == "" and NUMBERS["a"] == 1
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert WORDS.keys() == ATTRIBUTES.keys()
    assert all(len(WORDS[name]) == len(values) for name, values in ATTRIBUTES.items())


def test_the_empty_sentence_is_a_row_without_words():
    assert not tokenize("").any() and tokenize("").shape == (1, LENGTH)
    assert tokenize(["a seven", ""])[1].sum() == 0
    assert tokenize([]).shape == (0, LENGTH)


def test_too_many_words_are_an_error():
    with pytest.raises(ValueError, match="15 words; at most 14"):
        tokenize("a " * 15)


def test_words_and_numbers_are_inverse_whatever_the_case():
    tokens = tokenize("A thick, red seven.")
    assert tokens[0, :4].tolist() == [NUMBERS[word] for word in ("a", "thick", "red", "seven")]
    assert not tokens[0, 4:].any() and detokenize(tokens) == ["a thick red seven"]


def test_unknown_words_are_named_with_those_that_look_alike():
    with pytest.raises(ValueError, match=r"'sevn' \(near: seven"):
        check_words("a sevn")
