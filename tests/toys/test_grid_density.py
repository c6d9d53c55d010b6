"""A density known up to its normaliser, against Gaussians whose integral, moments and samples are known."""

import math

import pytest
import torch

from diffusion_lessons.toys.grid_density import GridDensity


def gaussian(mean, factor, shape):
    """exp(log_density) of N(mean, factor factor^T) without its normaliser, on a grid that first looks elsewhere."""
    inverse = torch.linalg.inv(factor)

    def log_density(x):
        z = (x.reshape(len(x), -1) - mean) @ inverse.mT
        return 3.0 - z.square().sum(dim=1) / 2

    return GridDensity(log_density, shape, centres=torch.zeros(1, len(mean), dtype=torch.float64), reach=0.5)


ONE = torch.tensor([40.0], dtype=torch.float64), torch.tensor([[0.2]], dtype=torch.float64)  # far from where it looks
TWO = torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([[0.5, 0.0], [0.3, 1.5]], dtype=torch.float64)


@pytest.mark.parametrize(("mean", "factor"), [ONE, TWO], ids=["1-D", "2-D"])
def test_normaliser_and_moments_of_a_gaussian(mean, factor):
    density = gaussian(mean, factor, (len(mean),))
    volume = 3.0 + math.log((2 * math.pi) ** (len(mean) / 2) * float(factor.det().abs()))
    assert density.log_normaliser == pytest.approx(volume, abs=1e-6)
    assert float(density.probabilities.sum()) == pytest.approx(1, abs=1e-9)
    torch.testing.assert_close(density.mean, mean, rtol=0, atol=1e-6)
    torch.testing.assert_close(density.covariance, factor @ factor.mT, rtol=1e-3, atol=1e-6)
    x = mean + torch.tensor([[0.1] * len(mean)], dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(mean, scale_tril=factor)
    torch.testing.assert_close(density.log_prob(x), normal.log_prob(x), rtol=0, atol=1e-6)


def test_samples_have_the_shape_that_was_asked_for_and_its_moments():
    density = gaussian(*TWO, (2,))
    x = density.sample(20_000, torch.Generator().manual_seed(0), dtype=torch.float64)
    assert x.shape == (20_000, 2)
    torch.testing.assert_close(x.mean(dim=0), TWO[0], rtol=0, atol=0.04)
    torch.testing.assert_close(x.T.cov(), TWO[1] @ TWO[1].mT, rtol=0.05, atol=0.03)
    assert torch.equal(x, density.sample(20_000, torch.Generator().manual_seed(0), dtype=torch.float64))
    assert density.sample(3).dtype == torch.float32


def test_what_never_falls_off_is_refused():
    with pytest.raises(ValueError, match="does not become negligible"):
        GridDensity(lambda x: torch.zeros(len(x)), (1,), torch.zeros(1, 1, dtype=torch.float64), reach=1.0)
