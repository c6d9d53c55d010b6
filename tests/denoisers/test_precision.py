"""Half precision while sampling is the half precision of training: products are rounded, and nothing else."""

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.denoisers.precision import HalfPrecision, is_compiled
from diffusion_lessons.networks import UNet, UNetConfig

X, T, LABELS = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.ones(4), torch.arange(4)


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = UNet(UNetConfig(widths=(8, 16), embedding=16, classes=10, attention=(1,)))
    for parameter in network.parameters():  # its last layers start at zero
        torch.nn.init.normal_(parameter, std=0.2)
    return network.requires_grad_(False)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_it_is_autocast_with_weights_that_were_rounded_once(network, dtype):
    half = HalfPrecision(network, dtype)
    with torch.autocast("cpu", dtype):
        expected = network(X, T, LABELS).float()
    assert torch.equal(half(X, T, LABELS), expected) and not torch.equal(expected, network(X, T, LABELS))
    assert {each.dtype for each in network.parameters()} == {torch.float32}  # the one that was given is left alone
    assert half.network.norm.weight.dtype == torch.float32 and half.network.stem.weight.dtype == dtype
    alone = HalfPrecision(network, dtype, cast=False)  # autocast casts the weights at every call
    assert alone.network is network and torch.equal(alone(X, T, LABELS), expected)


def test_a_compiled_network_stays_the_compiled_one(network):
    compiled = torch.compile(network, backend="eager")
    half = HalfPrecision(compiled, torch.bfloat16)
    assert half.network is compiled and is_compiled(half)
    assert torch.equal(half(X, T, LABELS), HalfPrecision(network, torch.bfloat16)(X, T, LABELS))


def test_a_denoiser_knows_whether_its_network_is_compiled(network):
    for net, expected in ((torch.compile(network, backend="eager"), True), (network, False), (torch.sin, False)):
        assert Denoiser(net, schedules.cosine(), "v").is_compiled is expected
