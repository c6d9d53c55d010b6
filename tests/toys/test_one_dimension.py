"""The distance to a law in one dimension, against closed forms."""

import math

import pytest
import torch

from diffusion_lessons.toys import GaussianMixture
from diffusion_lessons.toys.one_dimension import cdf, gaussian_quantiles, wasserstein_1

UNIT = GaussianMixture([0.0], stds=1.0)
TWO = GaussianMixture([-1.0, 2.0], stds=[0.3, 0.5], weights=[0.25, 0.75])


def test_even_noise_is_as_close_as_n_numbers_can_be():
    assert wasserstein_1(gaussian_quantiles(1000), UNIT) < 2e-3
    assert gaussian_quantiles(1000).var(unbiased=False).item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("shift", [-0.7, 0.2])
def test_a_shift_is_its_own_distance(shift):
    assert wasserstein_1(gaussian_quantiles(2000) + shift, UNIT) == pytest.approx(abs(shift), abs=3e-3)


def test_a_scale_is_its_mean_absolute_effect():
    """W1(N(0, a^2), N(0, 1)) = |a - 1| E|z| = |a - 1| sqrt(2 / pi)."""
    assert wasserstein_1(0.5 * gaussian_quantiles(5000), UNIT) == pytest.approx(0.5 * math.sqrt(2 / math.pi), abs=2e-3)


def test_distribution_function_of_a_mixture():
    x = TWO.sample(200_000, torch.Generator().manual_seed(0), torch.float64)
    at = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64)
    counted = (x[:, None] <= at).double().mean(dim=0)
    assert torch.allclose(cdf(TWO, at), counted, atol=4e-3)
    assert wasserstein_1(x, TWO) < 0.01


def test_points_of_one_dimension_are_numbers():
    points = GaussianMixture(TWO.means, stds=TWO.variances[:, 0].sqrt(), weights=TWO.weights)
    x = TWO.sample(1000, torch.Generator().manual_seed(0), torch.float64)
    assert points.shape == (1,)
    assert wasserstein_1(x[:, None] + 0.7, points) == wasserstein_1(x + 0.7, TWO)


def test_it_takes_numbers_only():
    with pytest.raises(ValueError, match="samples have shape"):
        wasserstein_1(torch.zeros(3), GaussianMixture([[0.0, 0.0]], stds=1.0))
