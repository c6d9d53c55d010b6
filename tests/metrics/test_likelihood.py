"""Likelihood by the ODE: closed forms of Gaussians and mixtures, and the bits of a world of two values."""

import math

import pytest
import torch

from diffusion_lessons import load, load_data, schedules, toys
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.metrics.likelihood import bits_per_dimension, log_likelihood, value_and_divergence
from tests.paths import PATHS

FLOW, COSINE = schedules.flow(), schedules.cosine()
CONTINUOUS = ("ddpm_linear", "cosine", "flow", "variance_exploding")


def times_to(path, steps, t_min=None):
    return (path.T, *path.grid(steps, "logsnr", t_min=t_min or path.t_min)[1:])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_a_gaussian_is_exact_to_a_ten_thousandth(name):
    """The flow of N(m, s^2) is affine: it carries the prior to a known Gaussian, whatever the path leaves at T."""
    path, m, s = PATHS[name], 0.5, 0.6
    times = times_to(path, 40)
    t = times[-1]
    width = lambda t: math.hypot(path.alpha(t) * s, path.sigma(t))  # noqa: E731
    scale = width(t) / width(path.T)
    mean = path.alpha(t) * m - scale * path.alpha(path.T) * m
    exact = torch.distributions.Normal(mean, scale * path.prior_std)
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)
    found = log_likelihood(toys.GaussianMixture([m], stds=s).denoiser(path), x, path, times, exact=True)
    torch.testing.assert_close(found, exact.log_prob(x), rtol=0, atol=1e-4)


def test_in_one_dimension_the_estimate_is_exact_and_down_to_the_data():
    mixture = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])
    x, times = torch.linspace(-2, 2, 9, dtype=torch.float64), FLOW.grid(100)
    found = log_likelihood(mixture.denoiser(FLOW), x, FLOW, times, generator=seeded())
    torch.testing.assert_close(found, mixture.log_prob(x), rtol=0, atol=1e-4)


def test_points_and_the_order_of_the_solver():
    mixture = toys.GaussianMixture([[-1.0, 0.3], [0.8, -0.5]], covariances=[[[0.3, 0.1], [0.1, 0.2]]] * 2)
    x, errors = mixture.sample(6, seeded(), torch.float64), []
    for steps in (10, 20, 40):
        times = FLOW.grid(steps, "trailing", t_min=0.1)
        found = log_likelihood(mixture.denoiser(FLOW), x, FLOW, times, exact=True)
        errors.append((found - mixture.log_prob(x, FLOW, 0.1)).abs().max().item())
    assert errors[-1] < 1e-4 and errors[-1] < errors[0] / 50


def test_hutchinson_s_estimate_has_no_bias():
    matrix = torch.tensor([[1.0, 2.0], [-3.0, 0.5]], dtype=torch.float64)
    z = torch.zeros(4000, 2, dtype=torch.float64)
    signs = 2.0 * torch.randint(2, z.shape, generator=seeded()).to(z) - 1
    v, estimates = value_and_divergence(lambda z: z @ matrix.T + 1, z, [signs])
    assert torch.equal(v, torch.ones_like(z)) and estimates.std() > 0.9  # e . M e = 1.5 - e1 e2
    assert estimates.mean().item() == pytest.approx(1.5, abs=0.06)
    unit = [row.expand_as(z) for row in torch.eye(2, dtype=torch.float64)]
    assert value_and_divergence(lambda z: z @ matrix.T, z, unit)[1].unique().tolist() == [1.5]


def test_bits_of_two_values_are_those_of_their_shares():
    """Exact denoiser, little noise: every value is read back, and what is left is -log2 of its share."""
    world = toys.GaussianMixture([[-1.0], [1.0]], stds=0.0, weights=[0.25, 0.75])
    images = torch.tensor([[-1.0]] * 100 + [[1.0]] * 300, dtype=torch.float64)
    times = times_to(FLOW, 60, t_min=0.1)
    bits = bits_per_dimension(
        world.denoiser(FLOW), images, FLOW, times, torch.tensor([-1.0, 1.0]), generator=seeded(), exact=True
    )
    assert bits[:100].mean().item() == pytest.approx(2.0, abs=0.01)
    assert bits[100:].mean().item() == pytest.approx(-math.log2(0.75), abs=0.01)
    noisier = bits_per_dimension(
        world.denoiser(FLOW), images, FLOW, times_to(FLOW, 60, t_min=0.5), torch.tensor([-1.0, 1.0]), generator=seeded()
    )
    assert noisier.mean() > bits.mean() + 0.05  # still a bound on these images, and a worse one


def test_a_network_finds_digits_likelier_than_noise_and_leaves_the_gradients_alone():
    network, data = load("digits-diffusion"), load_data("digits")
    values = data.images.unique()
    assert len(values) == 17
    times = times_to(network.path, 5, t_min=20.0)
    denoise = condition_on(network, data.labels[:6])
    with torch.no_grad():
        bits = bits_per_dimension(denoise, data.images[:6], network.path, times, values, generator=seeded())
        again = bits_per_dimension(denoise, data.images[:6], network.path, times, values, generator=seeded())
        assert not torch.is_grad_enabled() and torch.equal(bits, again)
    shuffled = data.images[:6].flatten(1)[:, torch.randperm(64, generator=seeded())].reshape(6, 1, 8, 8)
    noise = bits_per_dimension(denoise, shuffled, network.path, times, values, generator=seeded())
    assert bits.max() < 3 < math.log2(17) < noise.min() and not bits.requires_grad


def test_bad_times_are_refused():
    denoise, x = toys.GaussianMixture([0.0], stds=1.0).denoiser(FLOW), torch.zeros(2, dtype=torch.float64)
    with pytest.raises(ValueError, match="begin at T = 1"):
        log_likelihood(denoise, x, FLOW, (0.9, 0.1))
    with pytest.raises(ValueError, match="end the times above 0"):
        bits_per_dimension(denoise, x, FLOW, (1.0, 0.0), torch.tensor([0.0]), generator=seeded())
