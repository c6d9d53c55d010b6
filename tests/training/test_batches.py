"""What a step sees: once an epoch each image, stratified times, and the same rows however many processes."""

from functools import cache
from itertools import permutations

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.networks.mlp import MLP, MLPConfig
from diffusion_lessons.toys.straightness import straightness
from diffusion_lessons.training.batches import draw_batch, epoch_indices, optimal_coupling
from diffusion_lessons.training.losses import loss, sample_times


def numbered(count=20):
    """Images that carry their own number, of two classes."""
    pixels = torch.arange(count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 3).contiguous()
    return Data(pixels, torch.arange(count) % 2, ("even", "odd"), {"name": "numbers"})


def test_an_epoch_holds_every_image_once_also_where_batches_straddle():
    seen = torch.cat([epoch_indices(20, 8, seed=3, step=step) for step in range(5)])  # 40 = two epochs
    assert sorted(seen[:20].tolist()) == list(range(20))
    assert sorted(seen[20:].tolist()) == list(range(20))
    assert seen[:20].tolist() != seen[20:].tolist()


def test_a_batch_may_be_larger_than_the_data():
    counts = epoch_indices(20, 50, seed=0, step=0).bincount(minlength=20)
    assert counts.min() >= 2 and counts.max() <= 3


@pytest.mark.parametrize("world", [1, 2, 4])
def test_processes_share_the_global_batch(world):
    data = numbered()
    whole = draw_batch(data, 8, 5, 7, flip=True)
    parts = [draw_batch(data, 8, 5, 7, flip=True, rank=rank, world=world) for rank in range(world)]
    for name in whole._fields:
        torch.testing.assert_close(getattr(whole, name), torch.cat([getattr(part, name) for part in parts]))


def test_steps_and_seeds_differ_and_repeat():
    data = numbered()
    first = draw_batch(data, 8, 5, 7)
    assert torch.equal(first.eps, draw_batch(data, 8, 5, 7).eps)
    assert not torch.equal(first.eps, draw_batch(data, 8, 5, 8).eps)
    assert not torch.equal(first.eps, draw_batch(data, 8, 6, 7).eps)


def test_times_are_stratified_in_zero_one():
    u = draw_batch(numbered(), 16, 0, 0).u
    assert u.min() > 0 and u.max() <= 1
    assert sorted((u * 16).ceil().int().tolist()) == list(range(1, 17))


def test_condition_dropout_puts_the_null_class():
    data = numbered()
    assert draw_batch(data, 8, 0, 0, condition_dropout=0.0).condition.max() <= 1
    assert draw_batch(data, 8, 0, 0, condition_dropout=1.0).condition.tolist() == [2] * 8
    share = sum((draw_batch(data, 100, 0, step).condition == 2).float().mean().item() for step in range(50)) / 50
    assert share == pytest.approx(0.1, abs=0.02)


def test_labels_belong_to_their_images():
    batch = draw_batch(numbered(), 8, 0, 0, condition_dropout=0.0)
    number = ((batch.x0[:, 0, 0, 0] + 1) * 127.5).round().long()
    assert torch.equal(number % 2, batch.condition)


def test_flip_mirrors_about_half_and_nothing_else():
    pixels = torch.tensor([0, 255], dtype=torch.uint8).expand(100, 1, 1, 2).contiguous()
    data = Data(pixels, torch.zeros(100, dtype=torch.long), ("one",), {})
    x0 = draw_batch(data, 100, 0, 0, flip=True).x0
    mirrored = (x0[:, 0, 0, 0] > 0).float().mean().item()
    assert 0.3 < mirrored < 0.7
    assert not (draw_batch(data, 100, 0, 0).x0[:, 0, 0, 0] > 0).any()


def test_a_batch_that_cannot_be_shared():
    with pytest.raises(ValueError, match="multiple"):
        draw_batch(numbered(), 8, 0, 0, world=3)


def test_optimal_coupling_reorders_the_noise_of_the_whole_batch_and_is_shared_by_processes():
    data = load_data("digits")
    plain = draw_batch(data, 32, 0, 5)
    matched = draw_batch(data, 32, 0, 5, coupling="optimal")
    halves = [draw_batch(data, 32, 0, 5, coupling="optimal", rank=rank, world=2).eps for rank in (0, 1)]
    assert torch.equal(torch.cat(halves), matched.eps) and torch.equal(matched.x0, plain.x0)
    assert sorted(matched.eps.flatten(1).sum(1).tolist()) == sorted(plain.eps.flatten(1).sum(1).tolist())
    assert (matched.x0 - matched.eps).square().sum() < (plain.x0 - plain.eps).square().sum()


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
