"""Channels removed: fewer of them, the network they were taken from is whole, and read back without the library."""

import sys

import pytest
import torch

from diffusion_lessons.networks import count_parameters
from diffusion_lessons.optimise.channel_pruning import prune_channels, shaped_like, why_not_pruned
from tests.captions.small import small_denoiser
from tests.optimise.small import images, small

T = 400.0


@pytest.fixture(scope="module")
def pruned():
    pytest.importorskip("torch_pruning")
    denoise = small()
    before = denoise(images()[0], T, images()[1]).x0
    return denoise, before, prune_channels(denoise, 0.25)


def test_a_share_of_the_channels_is_gone_and_the_given_network_is_whole(pruned):
    denoise, before, thinner = pruned
    (x, labels), widths = images(), [module.weight.shape[0] for module in thinner.network.modules() if is_conv(module)]
    assert torch.equal(denoise(x, T, labels).x0, before)
    assert thinner(x, T, labels).x0.shape == x.shape and not torch.equal(thinner(x, T, labels).x0, before)
    assert set(widths) == {12, 1}  # three quarters of 16, and the image that comes out
    assert 0.5 < count_parameters(thinner.network) / count_parameters(denoise.network) < 0.75
    assert not any(weight.requires_grad for weight in thinner.network.parameters())


def test_a_thinner_network_is_read_back_from_its_weights(pruned):
    denoise, _, thinner = pruned
    x, labels = images()
    again = shaped_like(denoise, thinner.network.state_dict())
    assert torch.equal(again(x, T, labels).x0, thinner(x, T, labels).x0)
    sizes = [module.out_channels for module in again.network.modules() if is_conv(module)]
    assert sizes == [module.weight.shape[0] for module in again.network.modules() if is_conv(module)]


def is_conv(module):
    return isinstance(module, torch.nn.Conv2d)


def test_other_weights_are_refused():
    denoise = small()
    tensors = denoise.network.state_dict()
    with pytest.raises(ValueError, match="larger network: stem"):
        shaped_like(denoise, {**tensors, "stem.weight": torch.zeros(17, 1, 3, 3)})
    with pytest.raises(ValueError, match="another network: extra"):
        shaped_like(denoise, {**tensors, "extra": torch.zeros(1)})


def test_shares_and_networks_that_cannot_be_pruned_are_refused():
    for share in (0, 1, 0.3, -0.25):
        with pytest.raises(ValueError, match="multiple of 1/8"):
            prune_channels(small(), share)
    pytest.importorskip("torch_pruning")
    for denoise in (small(attention=(1,)), small_denoiser()):
        assert "attention" in why_not_pruned(denoise)
        with pytest.raises(ValueError, match="not pruned here: this U-Net has attention"):
            prune_channels(denoise, 0.25)
    assert why_not_pruned(small()) == ""


def test_without_the_library_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_pruning", None)
    with pytest.raises(ValueError, match=r"pip install 'diffusion-lessons\[optimise\]'"):
        prune_channels(small(), 0.25)
