"""Where the denoiser looks at words, and what a head says."""

import pytest
import torch

from diffusion_lessons.captions.word_attention import attention_of_word, attention_of_words, without_head


def test_attention_maps_are_shares_of_the_words(denoise, x):
    plain = denoise(x, 500.0, "a red seven").x0
    maps = attention_of_words(denoise, x, 500.0, "a red seven")
    assert {name: tuple(weights.shape) for name, weights in maps.items()} == {
        "levels.down.reading": (2, 2, 8, 8, 15),
        "levels.up.reading": (2, 2, 8, 8, 15),
        "levels.below.down.reading": (2, 4, 4, 4, 15),
        "levels.below.up.reading": (2, 4, 4, 4, 15),
        "levels.below.below.reading": (2, 4, 4, 4, 15),
    }
    for weights in maps.values():
        torch.testing.assert_close(weights.sum(dim=-1), torch.ones(weights.shape[:-1]))
        assert not weights[..., 4:].any(), "three words and the summary"
    assert torch.equal(denoise(x, 500.0, "a red seven").x0, plain), "looking changes nothing"


def test_a_head_can_be_silenced_for_a_while(denoise, x):
    plain = denoise(x, 500.0, "a red seven").x0
    with without_head(denoise, "levels.up.reading", 1):
        assert not torch.allclose(denoise(x, 500.0, "a red seven").x0, plain, atol=1e-6)
    assert torch.equal(denoise(x, 500.0, "a red seven").x0, plain)
    with pytest.raises(ValueError, match="heads 0..1; got 2"), without_head(denoise, "levels.up.reading", 2):
        pass
    with pytest.raises(ValueError, match="no reading 'middle'"), without_head(denoise, "middle", 0):
        pass


def test_one_word_is_the_mean_over_the_finest_readings(denoise, x):
    prompts = ["a thick red seven", "a blue disc and a six"]
    maps = attention_of_words(denoise, x, 500.0, prompts)
    finest = [weights for weights in maps.values() if weights.shape[2] == 8]
    expected = sum(weights[..., 3].mean(dim=1) for weights in finest) / len(finest)
    torch.testing.assert_close(attention_of_word(denoise, x, 500.0, prompts, 3), expected)
    with pytest.raises(ValueError, match="words 1 to 4"):
        attention_of_word(denoise, x, 500.0, prompts, 5)
