"""Sentences are read once, and what is remembered is what would be read again."""

import pytest
import torch

from diffusion_lessons.captions.text_cache import TextCache
from diffusion_lessons.data.captions.vocabulary import tokenize
from diffusion_lessons.guidance import classifier_free
from tests.captions.small import PROMPTS


def test_equal_sentences_are_read_once(denoise, x):
    guided = classifier_free(denoise, "a seven", 3.0)
    for t in (900.0, 500.0):
        guided(x, t)
    assert (denoise.text.misses, denoise.text.hits) == (2, 6)  # "a seven" and "", of 2 calls with 4 rows each
    denoise.text.clear()
    assert (denoise.text.misses, denoise.text.hits) == (0, 0)


def test_with_and_without_cache_the_states_agree(denoise):
    tokens = tokenize([*PROMPTS, PROMPTS[0]])
    kept, fresh = TextCache(denoise.text.encoder), TextCache(denoise.text.encoder, keep=False)
    for one, other in zip(kept(tokens), fresh(tokens), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)
    assert kept.misses == 2 and fresh.misses == 3 and fresh.hits == 0


def test_what_is_kept_does_not_depend_on_the_precision_of_who_asked_first(denoise):
    tokens = tokenize(PROMPTS)
    plain, half = TextCache(denoise.text.encoder), TextCache(denoise.text.encoder)
    with torch.autocast("cpu", torch.bfloat16):
        first = half(tokens)
    for one, other in zip(plain(tokens), first, strict=True):
        assert torch.equal(one, other)


def test_states_of_an_encoder_that_moved_or_changed_its_type_are_read_anew(denoise):
    tokens = tokenize(PROMPTS)
    before = denoise.text(tokens)
    denoise.text.encoder.double()
    after = denoise.text(tokens)
    assert after.states.dtype == torch.float64 and denoise.text.misses == 4
    torch.testing.assert_close(after.states.float(), before.states, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a red seven", "a tensor, which `tokenize` makes"),
        (torch.zeros(0, 14, dtype=torch.long), "shape \\[B, 14\\]"),
        (torch.zeros(14, dtype=torch.long), "shape \\[B, 14\\]"),
        (torch.zeros(2, 14), "whole; got \\[2, 14\\] of torch.float32"),
        (torch.full((2, 14), 48), "0..47; got 48..48"),
    ],
)
@pytest.mark.parametrize("keep", [True, False])
def test_what_holds_no_word_numbers_is_said(denoise, given, message, keep):
    with denoise.text.keeping(keep), pytest.raises(ValueError, match=message):
        denoise.text(given)
