"""The U-Net: shapes, sizes, conditioning, a zero start, and one graph for the compiler."""

import pytest
import torch

from diffusion_lessons import networks
from diffusion_lessons.networks import UNet
from tests.networks.small import awake, tiny


@pytest.mark.parametrize("side", [7, 8, 9, 14, 28, 32])
@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_output_has_the_shape_of_the_input(side, patch, channels):
    network = tiny(channels=channels, patch=patch, widths=(8, 16, 16), attention=(1,))
    x = torch.randn(2, channels, side, side)
    assert network(x, torch.tensor([1.0, 1000.0]), torch.tensor([0, 3])).shape == x.shape


def test_sides_may_differ():
    x = torch.randn(2, 1, 9, 12)
    assert tiny(patch=2)(x, torch.tensor([5.0, 10.0])).shape == x.shape


def test_starts_at_zero_output():
    x = torch.randn(2, 1, 8, 8)
    assert not tiny()(x, torch.tensor([5.0, 10.0])).any()


def test_every_parameter_learns():
    """After the zero start is left, no layer is without a gradient: nothing is built and then not used."""
    network = awake(tiny(attention=(0, 1), blocks=2, patch=2))
    network(torch.randn(4, 1, 8, 8), torch.rand(4) * 1000, torch.tensor([0, 1, 2, 3])).square().sum().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


def test_time_and_class_matter_and_null_is_the_default():
    network = awake(tiny()).eval()
    x = torch.randn(1, 1, 8, 8)
    t, other = torch.tensor([100.0]), torch.tensor([600.0])
    null = network(x, t, torch.tensor([3]))
    assert torch.equal(null, network(x, t))
    assert not torch.allclose(null, network(x, other), atol=1e-4)
    assert not torch.allclose(null, network(x, t, torch.tensor([0])), atol=1e-4)


def test_samples_of_a_batch_do_not_see_each_other():
    network = awake(tiny(attention=(1,))).eval()
    x, t, c = torch.randn(3, 1, 8, 8), torch.tensor([1.0, 500.0, 999.0]), torch.tensor([0, 1, 3])
    together = network(x, t, c)
    alone = torch.cat([network(x[i : i + 1], t[i : i + 1], c[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


class Hidden(torch.nn.Module):
    """A layer as a quantiser leaves it: it computes, and shows no parameters."""

    def __init__(self, layer):
        super().__init__()
        self.weight_and_bias = [value.detach() for value in (layer.weight, layer.bias)]

    def forward(self, x):
        return torch.nn.functional.linear(x, *self.weight_and_bias)


@pytest.mark.parametrize("network", [tiny(), networks.MLP(networks.MLPConfig(classes=3))], ids=["UNet", "MLP"])
def test_layers_that_hide_their_parameters(network):
    network, x = awake(network), torch.randn(2, 1, 8, 8) if isinstance(network, UNet) else torch.randn(2, 2)
    t, labels = torch.tensor([1.0, 999.0]), torch.tensor([0, 3])
    expected = network(x, t, labels)
    for i, layer in enumerate(network.embed.mlp):
        if isinstance(layer, torch.nn.Linear):
            network.embed.mlp[i] = Hidden(layer)
    assert torch.equal(network(x, t, labels), expected) and not list(network.embed.mlp.parameters())


@pytest.mark.parametrize("options", [{}, {"patch": 2, "attention": (1,)}, {"clock": "lambda"}])
def test_no_graph_breaks(options):
    torch._dynamo.reset()
    network = awake(tiny(**options))
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    x, t, c = torch.randn(2, 1, 9, 9), torch.tensor([3.0, 70.0]), torch.tensor([1, 3])
    torch.testing.assert_close(compiled(x, t, c), network(x, t, c))


def test_half_precision_autocast():
    network = awake(tiny(attention=(1,)))
    x, t = torch.randn(2, 1, 8, 8), torch.tensor([3.0, 700.0])
    with torch.autocast("cpu", torch.bfloat16):
        half = network(x, t).float()
    torch.testing.assert_close(half, network(x, t), atol=0.05, rtol=0.1)


def test_a_network_without_classes_refuses_one():
    network = tiny(classes=None)
    x, t = torch.randn(1, 1, 8, 8), torch.tensor([1.0])
    assert network(x, t).shape == x.shape
    with pytest.raises(ValueError, match="no classes"):
        network(x, t, torch.tensor([0]))
