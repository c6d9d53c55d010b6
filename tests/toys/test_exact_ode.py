"""The exact flow against the closed form of a Gaussian."""

import math

import pytest
import torch

from diffusion_lessons import toys
from diffusion_lessons.toys.exact_ode import exact_flow
from tests.paths import PATHS


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_the_exact_flow_of_a_gaussian(path):
    """x_t - alpha m stays in proportion to the std of x_t, from pure noise down to the data."""
    m, s = torch.tensor([0.4, -0.1], dtype=torch.float64), 0.5
    denoise = toys.GaussianMixture(m[None], stds=s).denoiser(path)
    x = path.prior((4, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    states = exact_flow(denoise, x, path, (path.T, path.T / 2, 0.0))

    def spread(t):
        return math.sqrt(path.alpha(t) ** 2 * s**2 + path.sigma(t) ** 2)

    for state in states:
        exact = path.alpha(state.t) * m + spread(state.t) / spread(path.T) * (x - path.alpha(path.T) * m)
        torch.testing.assert_close(state.x, exact, rtol=1e-8, atol=1e-8)
    assert states[0].x0 is None and states[-1].x0 is not None
    torch.testing.assert_close(states[-1].x0, states[-1].x)  # at sigma = 0 one sees the sample itself
