"""Blocks left out: nothing changes where a block is zero, and the ranking is that of the loss."""

import pytest
import torch

from diffusion_lessons.optimise.block_pruning import block_names, least_missed, loss_of, rank_blocks, without_blocks
from diffusion_lessons.optimise.copies import unet_of
from tests.captions.small import PROMPTS, small_denoiser
from tests.optimise.small import images, small

T = 400.0


def made_zero(denoise, name):
    """The block as it is before training: its last convolution is zero."""
    block = unet_of(denoise).get_submodule(name)
    torch.nn.init.zeros_(block.conv2.weight)
    torch.nn.init.zeros_(block.conv2.bias)


@pytest.mark.parametrize("name", block_names(small()))
def test_leaving_out_a_block_that_is_zero_changes_nothing(name):
    denoise, (x, labels) = small(), images()
    assert not torch.equal(without_blocks(denoise, [name])(x, T, labels).x0, denoise(x, T, labels).x0)
    made_zero(denoise, name)
    assert torch.equal(without_blocks(denoise, [name])(x, T, labels).x0, denoise(x, T, labels).x0)


def test_without_names_nothing_changes_and_the_given_denoiser_never_does():
    denoise, (x, labels) = small(), images()
    before = denoise(x, T, labels).x0
    assert torch.equal(without_blocks(denoise, [])(x, T, labels).x0, before)
    without_blocks(denoise, block_names(denoise))
    assert torch.equal(denoise(x, T, labels).x0, before)


def test_an_attention_behind_the_block_stays():
    denoise, (x, labels) = small(attention=(0,)), images()
    names = block_names(denoise)
    without = without_blocks(denoise, names)
    whole = without(x, T, labels).x0
    for part in unet_of(without).modules():
        if hasattr(part, "project"):
            torch.nn.init.zeros_(part.project.weight)
    assert not torch.equal(without(x, T, labels).x0, whole)


def test_blocks_are_ranked_by_the_loss_without_them():
    denoise, (x0, labels) = small(), images()
    made_zero(denoise, "levels.below.up.0")
    ranking = rank_blocks(denoise, x0, labels)
    assert {one.name: one.loss for one in ranking}["levels.below.up.0"] == loss_of(denoise, x0, labels)
    assert [one.loss for one in ranking] == sorted(one.loss for one in ranking)
    for one in ranking:
        assert one.loss == loss_of(without_blocks(denoise, [one.name]), x0, labels) and one.whole == ranking[0].whole
    first, second = least_missed(denoise, 2, x0, labels)
    assert first == ranking[0].name  # the second is ranked again, in the network without the first
    assert second == rank_blocks(without_blocks(denoise, [first]), x0, labels)[0].name != first


def test_the_loss_is_that_of_the_predicted_v():
    """Written out from the network's own output, which is v, at one time."""
    denoise, (x0, labels) = small(), images()
    eps = torch.randn(x0.shape, generator=torch.Generator().manual_seed(3))
    alpha, sigma = denoise.path.alpha(T), denoise.path.sigma(T)
    v = denoise.network(alpha * x0 + sigma * eps, torch.full((len(x0),), T), labels)
    wanted = (v - (alpha * eps - sigma * x0)).square().mean()
    assert loss_of(denoise, x0, labels, times=[T], seed=3) == pytest.approx(float(wanted), rel=1e-5)


def test_blocks_of_a_network_that_is_told_in_words():
    denoise = small_denoiser()
    x = torch.randn(2, 4, 8, 8)
    name = block_names(denoise)[0]
    assert not torch.equal(without_blocks(denoise, [name])(x, T, PROMPTS).x0, denoise(x, T, PROMPTS).x0)


def test_blocks_that_are_not_there_are_refused():
    denoise = small()
    with pytest.raises(ValueError, match=r"no block 'middle'; the blocks are levels\.down\.0"):
        without_blocks(denoise, ["middle"])
    first = block_names(denoise)[0]
    with pytest.raises(ValueError, match="no block"):
        without_blocks(without_blocks(denoise, [first]), [first])
    with pytest.raises(ValueError, match="5 blocks"):
        least_missed(denoise, 6, *images())
