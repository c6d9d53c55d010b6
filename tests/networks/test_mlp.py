"""The small network for points learns a distribution whose answer is known."""

import torch

from diffusion_lessons import networks, schedules
from diffusion_lessons.networks import MLP, MLPConfig
from diffusion_lessons.training.losses import loss


def test_shapes_condition_and_zero_start():
    network = MLP(MLPConfig(dims=3, classes=2))
    x, t = torch.randn(5, 3), torch.rand(5) * 1000
    assert not network(x, t).any()
    assert network(x, t, torch.tensor([0, 1, 2, 0, 1])).shape == x.shape


def test_card_builds_the_same_network():
    network = MLP(MLPConfig(width=16, depth=2))
    assert networks.build(networks.card(network)).config == network.config


def test_no_graph_breaks():
    torch._dynamo.reset()
    network = MLP(MLPConfig(width=16))
    torch.nn.init.normal_(network.last.weight)
    x, t = torch.randn(4, 2), torch.rand(4) * 1000
    compiled = torch.compile(network, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, t), network(x, t))


def test_learns_the_mean_of_a_point():
    """Data at one point m: the best prediction of x_0 is m, whatever x and t."""
    torch.manual_seed(0)
    path, network = schedules.flow(), MLP(MLPConfig(width=32, depth=1, T=1.0))
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    point = torch.tensor([1.5, -0.5]).expand(64, 2)
    for _ in range(150):
        error = loss(network, point, torch.randn(64, 2), torch.rand(64), path, "x0")
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    answer = network(torch.randn(100, 2), torch.rand(100))
    torch.testing.assert_close(answer.mean(0), point[0], atol=0.1, rtol=0)
