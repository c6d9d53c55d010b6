"""The text encoder: words see one another, and the empty place behind them says nothing."""

import pytest
import torch

from diffusion_lessons.networks.text import TextConfig, TextEncoder

TINY = TextConfig(words=10, length=5, width=16, heads=2, out=8)


@pytest.fixture
def encoder() -> TextEncoder:
    torch.manual_seed(0)
    return TextEncoder(TINY).eval()


def test_shapes_and_mask(encoder):
    states, mask, embedding = encoder(torch.tensor([[3, 4, 0, 0, 0], [0, 0, 0, 0, 0]]))
    assert states.shape == (2, 6, 16) and embedding.shape == (2, 8) and states.isfinite().all()
    assert mask.tolist() == [[True, True, True, False, False, False], [True] + [False] * 5]


def test_what_stands_behind_the_last_word_does_not_matter(encoder):
    short = encoder(torch.tensor([[3, 4, 0, 0, 0]]))
    with torch.no_grad():
        encoder.position[3:] += 1
    again = encoder(torch.tensor([[3, 4, 0, 0, 0]]))
    torch.testing.assert_close(short.states[:, :3], again.states[:, :3])


def test_order_matters_and_every_word_sees_the_others(encoder):
    one, other = encoder(torch.tensor([[3, 4, 5, 0, 0]])), encoder(torch.tensor([[5, 4, 3, 0, 0]]))
    assert not torch.allclose(one.embedding, other.embedding, atol=1e-4)
    changed = encoder(torch.tensor([[3, 4, 6, 0, 0]]))
    assert not torch.allclose(one.states[:, 1], changed.states[:, 1], atol=1e-4)


def test_a_wrong_length_is_said(encoder):
    with pytest.raises(ValueError, match=r"\[B, 5\]"):
        encoder(torch.zeros(2, 4, dtype=torch.long))


@pytest.mark.parametrize("wrong", [{"words": 0}, {"heads": 0}, {"width": 2.5}, {"layers": -1}, {"out": "many"}])
def test_a_configuration_checks_its_fields(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be "):
        TextConfig(**wrong)
