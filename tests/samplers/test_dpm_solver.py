"""DPM-Solver: orders, the paper's own update, the plan for a budget, and the adaptive steps."""

import math
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.estimates import Estimate
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, noise, rms

LINEAR = schedules.ddpm_linear()


def test_first_order_is_ddim():
    x, times = noise(LINEAR), LINEAR.grid(7)
    for path in PATHS.values():
        x, times = noise(path), path.grid(3)
        first, ddim = (
            samplers.sample(s, MIXTURE.denoiser(path), x, path, times) for s in (samplers.dpm_solver_1, samplers.ddim)
        )
        assert torch.equal(first, ddim)


def test_second_order_is_the_paper_s_algorithm():
    """Algorithm 1: x_s = alpha_s / alpha_t x_t - sigma_s (e^h - 1) eps(u, middle)."""
    path, (t, s) = LINEAR, (700.0, 400.0)
    x, denoise = noise(path), MIXTURE.denoiser(path)
    h = path.lam(s) - path.lam(t)
    m = path.t_of_lam((path.lam(s) + path.lam(t)) / 2)
    u = path.alpha(m) / path.alpha(t) * x - path.sigma(m) * math.expm1(h / 2) * denoise(x, t).eps
    expected = path.alpha(s) / path.alpha(t) * x - path.sigma(s) * math.expm1(h) * denoise(u, m).eps
    out = samplers.sample(samplers.dpm_solver_2, denoise, x, path, (t, s))
    torch.testing.assert_close(out, expected, rtol=0, atol=1e-12)


def test_third_order_is_exact_for_noise_that_is_linear_in_lambda():
    """With eps_hat = a + b lambda, whatever x is, the integral in the exact solution is closed (proposition 3.1)."""
    path, (t, s) = LINEAR, (700.0, 400.0)
    a, b = 0.3, -0.2

    def denoise(x, time):
        eps = torch.full_like(x, a + b * path.lam(time))
        return Estimate((x - path.sigma(time) * eps) / path.alpha(time), eps)

    def antiderivative(l):  # of e^-l (a + b l)
        return -math.exp(-l) * (a + b * (l + 1))

    x = noise(path, shape=(1,))
    integral = antiderivative(path.lam(s)) - antiderivative(path.lam(t))
    exact = path.alpha(s) / path.alpha(t) * x - path.alpha(s) * integral
    error = [rms(samplers.sample(samplers.ALL[f"dpm_solver_{n}"], denoise, x, path, (t, s)) - exact) for n in (1, 2, 3)]
    assert error[0] > error[1] > 1e-3 and error[2] < 1e-12


@pytest.mark.parametrize("nfe", range(1, 31))
def test_the_plan_spends_its_budget(nfe):
    for path in (LINEAR, PATHS["flow"], PATHS["variance_exploding"]):
        times, orders = samplers.dpm_solver_fast_plan(path, nfe)
        assert sum(orders) == nfe and len(orders) == len(times) - 1 == nfe // 3 + 1
        assert (times[0], times[-1]) == (path.t_max, path.t_min)
        assert orders[-1] == {0: 1, 1: 1, 2: 2}[nfe % 3] and set(orders[:-2]) <= {3}
        denoise = count_calls(MIXTURE.denoiser(path))
        samplers.sample(samplers.dpm_solver_fast, denoise, noise(path, batch=2), path, times, orders=orders)
        assert denoise.nfe == nfe


def test_the_plan_in_figures():
    assert samplers.dpm_solver_fast_plan(LINEAR, 10)[1] == (3, 3, 3, 1)
    assert samplers.dpm_solver_fast_plan(LINEAR, 15)[1] == (3, 3, 3, 3, 2, 1)
    assert samplers.dpm_solver_fast_plan(LINEAR, 20)[1] == (3, 3, 3, 3, 3, 3, 2)
    lams = [LINEAR.lam(t) for t in samplers.dpm_solver_fast_plan(LINEAR, 20)[0]]
    gaps = [b - a for a, b in pairwise(lams)]
    assert max(gaps) == pytest.approx(min(gaps))


@pytest.mark.parametrize("nfe", [0, -3, 2.5, True])
def test_a_budget_too_small_is_said(nfe):
    with pytest.raises(ValueError, match="at least 1"):
        samplers.dpm_solver_fast_plan(LINEAR, nfe)


@pytest.mark.parametrize(
    "orders, message",
    [
        ((3, 3), "3 numbers out of 1, 2, 3"),
        ((3, 3, 4), "orders must be numbers out of 1, 2, 3, one for each step; got .3, 3, 4."),
        (1, "orders must be numbers"),
        ("321", "orders must be numbers"),
        ((3, 3, 2), "infinitely long in lambda and must be of order 1, not 2"),
    ],
)
def test_orders_that_do_not_fit_are_refused_at_the_call(orders, message):
    with pytest.raises(ValueError, match=message):
        samplers.dpm_solver_fast(MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, LINEAR.grid(3), orders=orders)


def test_orders_of_one_kind_are_the_solver_of_that_order():
    x, times = noise(LINEAR), LINEAR.grid(4, "logsnr", t_min=5.0)
    for order, sampler in ((1, samplers.dpm_solver_1), (2, samplers.dpm_solver_2), (3, samplers.dpm_solver_3)):
        mixed = samplers.sample(
            samplers.dpm_solver_fast, MIXTURE.denoiser(LINEAR), x, LINEAR, times, orders=[order] * 4
        )
        torch.testing.assert_close(
            mixed, samplers.sample(sampler, MIXTURE.denoiser(LINEAR), x, LINEAR, times), rtol=0, atol=1e-12
        )
