"""Heads cut out: the network computes what it computes with them silenced, with fewer numbers."""

from collections import Counter

import pytest
import torch

from diffusion_lessons.captions.word_attention import without_head
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.optimise import block_pruning
from diffusion_lessons.optimise.block_pruning import loss_of
from diffusion_lessons.optimise.head_pruning import head_names, least_missed_heads, without_heads
from tests.captions.small import PROMPTS, small_denoiser
from tests.optimise.small import small

X, T = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0)), 400.0


@pytest.mark.parametrize("head", [0, 1])
def test_a_head_cut_out_is_a_head_silenced(head):
    denoise, name = small_denoiser(), "levels.down.reading"
    cut = without_heads(denoise, [(name, head)])
    with without_head(denoise, name, head):
        silenced = denoise(X, T, PROMPTS).x0
    assert torch.allclose(cut(X, T, PROMPTS).x0, silenced, atol=1e-5)
    assert not torch.allclose(denoise(X, T, PROMPTS).x0, silenced, atol=1e-5)
    assert count_parameters(cut.unet) < count_parameters(denoise.unet)


def test_heads_of_several_parts_and_none():
    denoise = small_denoiser()
    heads = [("levels.down.reading", 1), ("levels.below.below.around", 0), ("levels.below.below.around", 2)]
    cut = without_heads(denoise, heads)
    assert set(head_names(denoise)) - set(head_names(cut)) >= {("levels.below.below.around", 3)}
    assert len(head_names(cut)) == len(head_names(denoise)) - 3
    assert torch.equal(without_heads(denoise, [])(X, T, PROMPTS).x0, denoise(X, T, PROMPTS).x0)


def test_heads_that_are_not_there_are_refused():
    denoise, name = small_denoiser(), "levels.down.reading"
    with pytest.raises(ValueError, match="no head"):
        without_heads(denoise, [(name, 2)])
    with pytest.raises(ValueError, match="leave one"):
        without_heads(denoise, [(name, 0), (name, 1)])
    with pytest.raises(ValueError, match="no attention heads"):
        without_heads(small(), [("levels", 0)])


def test_the_least_missed_are_those_whose_silence_costs_least(monkeypatch):
    monkeypatch.setattr(block_pruning, "LEVELS", 2)
    denoise, silent = small_denoiser(), []

    def loss_in_silence(heads):
        gates = [denoise.unet.get_submodule(f"{name}.attention").gate for name, _ in heads]
        for gate, (_, head) in zip(gates, heads, strict=True):
            gate[head] = 0
        loss = loss_of(denoise, X, PROMPTS)
        for gate in gates:
            gate.fill_(1)
        return loss

    for _ in range(2):
        losses = {head: loss_in_silence([*silent, head]) for head in head_names(denoise) if head not in silent}
        silent.append(min(losses, key=losses.__getitem__))
    assert least_missed_heads(denoise, 2, X, PROMPTS) == [f"{name}:{number}" for name, number in silent]


def test_every_attention_keeps_a_head(monkeypatch):
    monkeypatch.setattr(block_pruning, "LEVELS", 1)
    denoise = small_denoiser()
    parts = Counter(name for name, _ in head_names(denoise))
    spare = len(head_names(denoise)) - len(parts)
    gone = [tuple(one.rsplit(":", 1)) for one in least_missed_heads(denoise, spare, X, PROMPTS)]
    assert Counter(name for name, _ in gone) == {name: count - 1 for name, count in parts.items()}
    with pytest.raises(ValueError, match=rf"in {len(parts)} attentions.*got {spare + 1} to cut out"):
        least_missed_heads(denoise, spare + 1, X, PROMPTS)
