"""Every Gaussian path: lambda and its inverse, floats and tensors, steps, noise, and which paths are equal."""

import math

import pytest
import torch

from diffusion_lessons import schedules
from tests.paths import PATHS

every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


@every_path
def test_lambda_is_the_log_ratio_and_its_inverse_inverts(path):
    for share in (0.001, 0.1, 0.3333, 0.5, 0.77, 0.99):
        t = share * path.T
        assert path.lam(t) == pytest.approx(math.log(path.alpha(t) / path.sigma(t)), abs=1e-9)
        assert path.t_of_lam(path.lam(t)) == pytest.approx(t, rel=1e-6)
    assert path.lam(0) == math.inf and path.t_of_lam(math.inf) == 0


@every_path
def test_derivatives_are_slopes(path):
    """Everywhere, at whole times too: against differences of the function itself, from both sides."""
    for t in (0.3 * path.T, 0.31234 * path.T, 0.61234 * path.T, 0.9 * path.T):
        h = 1e-6 * path.T
        assert path.d_alpha(t) == pytest.approx((path.alpha(t + h) - path.alpha(t - h)) / (2 * h), rel=1e-4, abs=1e-9)
        assert path.d_sigma(t) == pytest.approx((path.sigma(t + h) - path.sigma(t - h)) / (2 * h), rel=1e-4)


@every_path
def test_floats_and_tensors_agree(path):
    times = torch.linspace(0.1, 1, 7, dtype=torch.float64) * path.T
    for name in ("alpha", "sigma", "lam", "d_alpha", "d_sigma", "alpha_bar"):
        function = getattr(path, name)
        expected = torch.tensor([function(t) for t in times.tolist()], dtype=torch.float64)
        torch.testing.assert_close(function(times), expected, rtol=1e-12, atol=0)
        assert function(times.float()).dtype == torch.float32


@every_path
def test_a_step_and_its_posterior_compose(path):
    """Var[x_t] built in two steps is sigma_t^2; the posterior's precision is the sum of its two sources."""
    t, s = 0.8 * path.T, 0.3 * path.T
    ratio = path.alpha(t) / path.alpha(s)
    assert path.step_variance(t, s) + ratio**2 * path.sigma(s) ** 2 == pytest.approx(path.sigma(t) ** 2, rel=1e-12)
    precision = ratio**2 / path.step_variance(t, s) + 1 / path.sigma(s) ** 2
    assert path.posterior_variance(t, s) == pytest.approx(1 / precision, rel=1e-9)


@every_path
def test_the_prior_is_unit_noise_or_the_exploded_variance(path):
    x = path.prior((20_000, 1), torch.Generator().manual_seed(0))
    assert x.std().item() == pytest.approx(80 if path.card["path"] == "variance_exploding" else 1, rel=0.02)
    again = path.prior((20_000, 1), torch.Generator().manual_seed(0))
    assert torch.equal(x, again) and x.dtype == torch.float32
    assert path.prior((2, 3), dtype=torch.float64).dtype == torch.float64


@every_path
def test_noise_is_added_sample_by_sample(path):
    x0, eps = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    t = torch.tensor([0.1, 0.5, 0.9]) * path.T
    together = path.add_noise(x0, eps, t)
    for i in range(3):
        alone = path.add_noise(x0[i : i + 1], eps[i : i + 1], float(t[i]))
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-5, atol=1e-5)


def test_paths_with_other_numbers_are_other_paths_whatever_their_cards_say():
    one, other = (schedules.VariancePreserving(levels, {"path": "mine"}) for levels in ([0.9, 0.5], [0.8, 0.1]))
    assert one != other and one == schedules.VariancePreserving([0.9, 0.5], {"path": "mine"})
    assert (one.alpha_bar(1.0), other.alpha_bar(1.0)) == (0.9, 0.8)  # each remembers its own values
    assert len({one, other}) == 2 and one != schedules.flow() and one != "mine"


def test_equal_paths_have_equal_hashes():
    whole, floating = schedules.ddpm_linear(T=10), schedules.ddpm_linear(T=10.0)
    assert whole == floating and hash(whole) == hash(floating)
    assert schedules.variance_exploding(80) == schedules.variance_exploding(80.0) != schedules.variance_exploding(70.0)
