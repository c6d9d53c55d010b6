"""The latent U-Net: it starts at zero, every part learns, words matter and the empty place behind them does not."""

import pytest
import torch

from diffusion_lessons.networks.latent_unet import LatentUNet, LatentUNetConfig
from diffusion_lessons.networks.text import TextStates

TINY = LatentUNetConfig(widths=(16, 32), heads=(2, 4), context=12, embedding=16)


def awake() -> LatentUNet:
    torch.manual_seed(0)
    network = LatentUNet(TINY)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.copy_(0.1 * torch.randn(parameter.shape))
    return network


def text(count: int, words: int = 3, seed: int = 0) -> TextStates:
    states = torch.randn(count, 6, 12, generator=torch.Generator().manual_seed(seed))
    return TextStates(states, (torch.arange(6) <= words).expand(count, 6), states[:, 0, :8])


def test_starts_at_zero():
    assert not LatentUNet(TINY)(torch.randn(2, 4, 8, 8), torch.tensor([1.0, 1000.0]), text(2)).any()


def test_every_parameter_learns():
    network = awake()
    network(torch.randn(2, 4, 8, 8), torch.tensor([1.0, 500.0]), text(2)).square().sum().backward()
    assert [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_words_and_time_matter_but_not_what_is_masked():
    network, x, t = awake().eval(), torch.randn(2, 4, 8, 8), torch.tensor([10.0, 500.0])
    states, mask, embedding = text(2)
    out = network(x, t, TextStates(states, mask, embedding))
    hidden, visible = states.clone(), states.clone()
    hidden[:, 5] += 1
    visible[:, 2] += 1
    torch.testing.assert_close(network(x, t, TextStates(hidden, mask, embedding)), out)
    assert not torch.allclose(network(x, t, TextStates(visible, mask, embedding)), out, atol=1e-4)
    assert not torch.allclose(network(x, t + 100, TextStates(states, mask, embedding)), out, atol=1e-4)


def test_rows_are_independent():
    network, x, t = awake().eval(), torch.randn(3, 4, 8, 8), torch.tensor([10.0, 500.0, 900.0])
    words = text(3)
    together = network(x, t, words)
    alone = network(x[1:2], t[1:2], TextStates(*(part[1:2] for part in words)))
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-4)


def test_every_level_reads_the_sentence_with_its_heads():
    readings = awake().readings()
    assert [part.attention.heads for part in readings.values()] == [2, 2, 4, 4, 4]
    assert LatentUNetConfig().heads == (4, 4)


def test_heads_for_each_level():
    with pytest.raises(ValueError, match="2 levels and 1 numbers of heads"):
        LatentUNet(LatentUNetConfig(heads=(4,)))


@pytest.mark.parametrize(
    "wrong", [{"widths": ()}, {"widths": [8]}, {"heads": (0, 1)}, {"context": -1}, {"T": float("nan")}]
)
def test_a_configuration_checks_its_fields(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be "):
        LatentUNetConfig(**wrong)
