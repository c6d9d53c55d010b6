"""Every Gaussian path: lambda and its inverse, floats and tensors, steps, noise, and which paths are equal."""

import math

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.path import is_prior, time_for
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


@every_path
@pytest.mark.parametrize("name", ["alpha", "sigma", "lam", "alpha_bar", "d_alpha", "d_sigma"])
def test_times_outside_are_refused_and_rounding_is_not(path, name):
    function = getattr(path, name)
    for t in (-0.1 * path.T, 1.1 * path.T, math.nan, math.inf):
        with pytest.raises(ValueError, match=r"t must lie in \[0, T\]"):
            function(t)
        with pytest.raises(ValueError, match=r"t must lie in \[0, T\] .*; got .* \.\.\. "):
            function(torch.tensor([0.5 * path.T, t], dtype=torch.float64))
    assert function(path.T * (1 + 1e-15)) == function(path.T)
    above = torch.tensor([path.T], dtype=torch.float32).nextafter(torch.tensor([2 * path.T]))
    assert torch.equal(function(above), function(above.new_tensor([path.T])))


@every_path
def test_whole_numbers_give_floating_ones(path):
    t = torch.tensor([1, int(path.T)])
    for name in ("alpha", "sigma", "lam"):
        function = getattr(path, name)
        assert torch.equal(function(t), function(t.float())) and function(t).dtype == torch.float32
        assert function(int(path.T)) == function(path.T)


def test_a_time_for_a_batch():
    x = torch.zeros(3, 2, dtype=torch.float64)
    assert time_for(x, torch.tensor(7)) == 7.0 and isinstance(time_for(x, torch.tensor(7.0)), float)
    assert time_for(x, torch.tensor([7.0])).tolist() == [7.0] * 3
    assert time_for(x, torch.tensor([1, 2, 999])).dtype == torch.float64
    assert time_for(x.half(), torch.tensor([1, 2, 999])).tolist() == [1, 2, 999]
    for wrong in (torch.zeros(3, 1), torch.zeros(2), torch.zeros(0), torch.zeros(1, 3)):
        with pytest.raises(ValueError, match=r"of shape \[.*\] for a batch of 3: give a single .* or a tensor \[3\]"):
            time_for(x, wrong)
    for wrong in ("late", None, [1.0]):
        with pytest.raises(ValueError, match="t must be a number or a tensor"):
            time_for(x, wrong)


def test_noise_is_added_at_whole_times_in_xs_own_precision():
    path, x0, eps = schedules.cosine(), torch.ones(2, 3, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.float64)
    assert path.add_noise(x0, eps, torch.tensor([300, 300]))[0, 0].item() == path.alpha(300.0)
    with pytest.raises(ValueError, match=r"of shape \[2, 1\]"):
        path.add_noise(x0, eps, torch.tensor([[300.0], [300.0]]))


@every_path
def test_the_variance_of_a_tiny_step_is_not_negative(path):
    t = 0.7 * path.T
    s = t
    for _ in range(50):
        s = math.nextafter(s, 0)
        assert path.step_variance(t, s) >= 0 and path.posterior_variance(t, s) >= 0


def test_the_prior_is_known_for_what_it_is():
    x = schedules.cosine().prior((2, 3))
    assert is_prior(x) and not is_prior(x + 0) and not is_prior(torch.randn(2, 3))
    x[0] = 0
    assert not is_prior(x)
