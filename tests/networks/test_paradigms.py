"""The three miniatures keep what their kind promises, on worlds of two pixels where everything can be added up."""

import itertools
import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from diffusion_lessons.networks.paradigms import (
    Adversarial,
    Autoregressive,
    Variational,
    gaussian_divergence,
    level_numbers,
)

VALUES = torch.tensor([-1.0, 0.0, 1.0])
WORLD = torch.tensor(list(itertools.product(VALUES.tolist(), repeat=2))).view(9, 1, 1, 2)  # every image there is
LABELS = torch.full((9,), 4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def small(network, **more):
    torch.manual_seed(0)
    return network((1, 1, 2), VALUES, width=16, **more)


def test_grey_levels_are_numbered():
    numbers = level_numbers(WORLD, VALUES)
    assert torch.equal(VALUES[numbers].view(9, 1, 1, 2), WORLD) and numbers.shape == (9, 2)


def test_an_autoregressive_likelihood_adds_up_to_one_and_is_what_is_drawn():
    model = small(Autoregressive)
    share = 2 ** (-2 * model.bits(WORLD, LABELS, seeded()))
    assert share.sum().item() == pytest.approx(1.0, abs=1e-5) and model.passes == 2
    drawn = model.sample(torch.full((20_000,), 4), seeded())
    counts = (level_numbers(drawn, VALUES) * torch.tensor([3, 1])).sum(1).bincount(minlength=9) / 20_000
    torch.testing.assert_close(counts, share, rtol=0, atol=0.012)
    assert 2 * model.losses(WORLD, LABELS, seeded())[0].item() == pytest.approx(-share.log().mean().item(), rel=1e-4)


def test_a_pixel_is_told_nothing_of_itself_and_of_those_after_it():
    torch.manual_seed(0)
    model = Autoregressive((1, 2, 3), VALUES, width=24)
    numbers = torch.randint(3, (1, 6), generator=seeded())
    plain = model(numbers, LABELS[:1])
    for pixel in range(6):
        changed = numbers.clone()
        changed[0, pixel] = (changed[0, pixel] + 1) % 3
        moved = (model(changed, LABELS[:1]) - plain).abs().amax(-1)[0]
        assert (moved[: pixel + 1] == 0).all() and (pixel == 5 or moved[pixel + 1 :].max() > 0)


def test_the_divergence_of_two_gaussians():
    mean, log_std = torch.randn(2, 5, 3, generator=seeded())
    exact = kl_divergence(Normal(mean, log_std.exp()), Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(gaussian_divergence(mean, log_std), exact)


def test_a_variational_bound_lies_above_the_cost_of_what_is_drawn():
    """P(x) is counted among 40,000 samples; the mean of the bound may not lie below -log P(x)."""
    model = small(Variational, latent=2)
    labels = torch.full((40_000,), 4)
    drawn = model.sample(labels, seeded())
    share = (level_numbers(drawn, VALUES) * torch.tensor([3, 1])).sum(1).bincount(minlength=9) / 40_000
    bounds = torch.stack([model.bits(WORLD, LABELS, seeded(seed)) for seed in range(200)]).mean(0)
    assert (2 * bounds > -share.log2() - 0.05).all() and (bounds < 3 * math.log2(3)).all()


def test_a_critic_that_cannot_tell_pays_two_coins_and_teaches_in_turn():
    model = small(Adversarial, latent=3)
    for layer in model.critic[::2]:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    critic, generator = model.losses(WORLD, LABELS, seeded())
    assert critic.item() == pytest.approx(2 * math.log(2)) and generator.item() == pytest.approx(math.log(2))
    critic.backward()
    assert all(weight.grad is None for weight in model.generator.parameters())  # it moves by its own loss alone
    assert model.bits(WORLD, LABELS, seeded()) is None and model.sample(LABELS, seeded()).abs().max() <= 1


@pytest.mark.parametrize("network", [Autoregressive, Variational, Adversarial])
def test_samples_repeat_under_a_seed(network):
    model = small(network)
    one, again, other = (model.sample(LABELS, seeded(seed)) for seed in (1, 1, 2))
    assert one.shape == (9, 1, 1, 2) and torch.equal(one, again) and not torch.equal(one, other)
