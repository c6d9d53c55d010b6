"""Optimal coupling against another solver, and what it and the times do for flow matching on points."""

from functools import cache
from itertools import permutations

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.networks.mlp import MLP, MLPConfig
from diffusion_lessons.toys.straightness import straightness
from diffusion_lessons.training.batches import optimal_coupling
from diffusion_lessons.training.losses import loss, sample_times

FLOW = schedules.flow()
TWO = toys.GaussianMixture([[1.0, 0.0], [-1.0, 0.0]], stds=0.15)


def cost(x0, eps):
    return (x0 - eps).square().sum().item()


def test_no_other_order_costs_less():
    generator = torch.Generator().manual_seed(0)
    x0, eps = torch.randn(2, 6, 1, 2, 2, generator=generator)
    coupled = optimal_coupling(x0, eps)
    assert cost(x0, coupled) == pytest.approx(min(cost(x0, eps[list(order)]) for order in permutations(range(6))))
    assert sorted(coupled.flatten().tolist()) == sorted(eps.flatten().tolist())


def test_agrees_with_an_optimal_transport_library():
    ot = pytest.importorskip("ot")
    x0, eps = torch.randn(2, 100, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.full((100,), 0.01, dtype=torch.float64).numpy()
    least = ot.emd2(weights, weights, ot.dist(x0.numpy(), eps.numpy()))
    assert cost(x0, optimal_coupling(x0, eps)) / 100 == pytest.approx(least)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="same shape"):
        optimal_coupling(torch.zeros(3, 2), torch.zeros(4, 2))


@cache
def trained(times="uniform", coupled=False, steps=300):
    """A small network that learned the velocity from points of the mixture."""
    torch.manual_seed(0)
    network = MLP(MLPConfig(width=64, depth=2, T=FLOW.T))
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    errors = []
    for _ in range(steps):
        x0, eps = TWO.sample(128), torch.randn(128, 2)
        if coupled:
            eps = optimal_coupling(x0, eps)
        t = sample_times(1 - torch.rand(128), FLOW, times)
        error = loss(network, x0, eps, t, FLOW, "velocity")
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert sum(errors[-50:]) < 0.9 * sum(errors[:50])
    return Denoiser(network, FLOW, "velocity", shape=(2,))


def generated(denoise, steps):
    x = FLOW.prior((512, 2), generator=torch.Generator().manual_seed(5))
    return samplers.trace(samplers.euler, denoise, x, FLOW, FLOW.grid(steps))


@pytest.mark.parametrize("times", ["uniform", "logit_normal"])
def test_flow_matching_learns_two_blobs(times):
    x = generated(trained(times=times), 30)[-1].x
    distance = (x[:, None] - TWO.means.float()).norm(dim=2).min(dim=1).values  # to the nearer centre
    assert distance.median() < 0.3
    assert 0.4 < (x[:, 0] > 0).float().mean() < 0.6


def test_optimal_coupling_makes_the_flow_straighter_and_few_steps_better():
    independent, coupled = trained(times="uniform"), trained(coupled=True)
    assert straightness(generated(coupled, 30)) < 0.5 * straightness(generated(independent, 30))

    def miss(denoise):
        x = generated(denoise, 2)[-1].x
        return (x[:, None] - TWO.means.float()).norm(dim=2).min(dim=1).values.mean().item()

    assert miss(coupled) < 0.7 * miss(independent)
