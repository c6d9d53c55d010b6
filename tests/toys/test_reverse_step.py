"""The exact law of one step back against what is known of it; the bell curve of DDPM against its sampler."""

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.samplers import sample
from diffusion_lessons.toys.reverse_step import ddpm_reverse_log_prob, reverse_log_prob, total_variation, unscaled_ddpm

PATH = schedules.ddpm_linear()
HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
X = torch.linspace(-8, 8, 8001, dtype=torch.float64)
X_T = torch.tensor([-0.7, 0.1, 1.2], dtype=torch.float64)


def moments(log_p):
    """Integral, mean and variance of densities [n, B] over X."""
    p = log_p.exp() * (X[1] - X[0])
    mean = X @ p
    return p.sum(dim=0), mean, (X**2) @ p - mean**2


@pytest.mark.parametrize("s", [299.0, 150.0, 5.0])
def test_exact_step_is_a_law_with_the_right_mean_and_variance(s):
    """Given x_0 the step is N(a x_t + b x_0, v): averaged over x_0, its mean is a x_t + b x0_hat and it is wider."""
    total, mean, variance = moments(reverse_log_prob(HEAPS, PATH, X_T, 300.0, s, X))
    _, drawn, small = moments(ddpm_reverse_log_prob(HEAPS, PATH, X_T, 300.0, s, X))
    assert torch.allclose(total, torch.ones(3, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(mean, drawn, atol=1e-6)
    assert bool((variance >= small - 1e-9).all())
    assert torch.allclose(small, torch.full_like(small, PATH.posterior_variance(300.0, s)))


def test_data_of_unit_variance_have_the_large_variance():
    """N(0, 1) data: every step back is a bell of variance beta, DDPM's large choice (Ho et al. 2020, section 3.2)."""
    normal = toys.GaussianMixture([0.0], stds=1.0)
    laws = (
        reverse_log_prob(normal, PATH, X_T, 300.0, 100.0, X),
        ddpm_reverse_log_prob(normal, PATH, X_T, 300.0, 100.0, X, "large"),
    )
    assert torch.allclose(*laws)
    assert total_variation(normal, PATH, 300.0, 100.0, "large") < 1e-6 < total_variation(normal, PATH, 300.0, 100.0)


@pytest.mark.parametrize("variance", ["small", "large"])
def test_ddpm_step_is_the_samplers(variance):
    start = torch.full((200_000,), 0.1, dtype=torch.float64)
    x = sample(
        samplers.ddpm,
        HEAPS.denoiser(PATH),
        start,
        PATH,
        (300.0, 200.0),
        variance=variance,
        generator=torch.Generator().manual_seed(0),
    )
    _, mean, spread = moments(ddpm_reverse_log_prob(HEAPS, PATH, X_T[1:2], 300.0, 200.0, X, variance))
    assert x.mean().item() == pytest.approx(mean.item(), abs=0.005)
    assert x.var().item() == pytest.approx(spread.item(), rel=0.02)


def test_longer_steps_are_worse():
    shares = [total_variation(HEAPS, PATH, 300.0, s) for s in (299.0, 280.0, 200.0, 50.0)]
    assert shares == sorted(shares) and shares[0] < 0.02 and shares[-1] > 0.3


def test_without_its_factors_ddpm_does_not_come_to_rest():
    """eps_hat = 0, of a denoiser that sees no noise: x is a random walk of variance N, one for each step."""
    noiseless = Denoiser(lambda x, t: torch.zeros_like(x), PATH, "eps")
    x, times = torch.zeros(20_000, 1, dtype=torch.float64), PATH.grid(10)
    ends = unscaled_ddpm(x, noiseless, times, torch.Generator().manual_seed(0))
    assert ends.var().item() == pytest.approx(10, rel=0.03)
    again = unscaled_ddpm(x, noiseless, times, torch.Generator().manual_seed(0))
    assert torch.equal(ends, again)
