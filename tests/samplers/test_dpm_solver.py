"""DPM-Solver: orders, the paper's own update, the plan for a budget, and the adaptive steps."""

import math
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.toys.exact_ode import exact_flow
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, POINT, noise, rms

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
        ((3, 3, 4), "3 numbers out of 1, 2, 3"),
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


# The adaptive sampler.


def adaptive(path, times, denoise=None, x=None, **options):
    denoise = count_calls(denoise if denoise is not None else MIXTURE.denoiser(path))
    x = noise(path) if x is None else x
    return samplers.trace(samplers.dpm_solver_adaptive, denoise, x, path, times, **options), denoise.nfe


@pytest.mark.parametrize("pair", ["12", "23"])
def test_a_tighter_tolerance_costs_more_and_errs_less(pair):
    path, end = LINEAR, 5.0
    exact = exact_flow(MIXTURE.denoiser(path), noise(path), path, (path.T, end))[-1].x
    errors, costs = [], []
    for tolerance in (1e-1, 1e-2, 1e-3):
        states, nfe = adaptive(path, (path.T, end), pair=pair, rtol=tolerance, atol=tolerance)
        errors.append(rms(states[-1].x - exact))
        costs.append(nfe)
        assert states[-1].t == end
    assert errors[0] > errors[1] > errors[2] and errors[2] < 2e-3
    assert costs[0] < costs[1] < costs[2]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_adaptive_reaches_the_data_from_every_start(path):
    states, _ = adaptive(path, (path.T, 0.0), rtol=1e-3, atol=1e-3, progress=True)
    exact = exact_flow(MIXTURE.denoiser(path), noise(path), path, (path.T, 0.0), 1e-9)[-1].x
    times = [state.t for state in states]
    assert times[0] == path.T and times[-1] == 0.0 and sorted(times, reverse=True) == times
    # the last step, from t_min, is DDIM's: on the short table that is a step as long as the path's first
    assert rms(states[-1].x - exact) < (0.2 if path.card.get("T", 4) == 10 or path.T == 4 else 0.01)


def test_adaptive_between_the_infinite_ends():
    path = PATHS["zero_terminal"]
    (_, state), nfe = adaptive(path, (4.0, 3.9999))  # ends before lambda is worth the name
    assert state.t == 3.9999 and nfe == 1
    assert [state.t for state in adaptive(LINEAR, (1.0, 0.0))[0]] == [1.0, 0.0]


def test_adaptive_takes_point_masses_in_great_strides():
    states, nfe = adaptive(LINEAR, (LINEAR.T, 0.0), POINT.denoiser(LINEAR))
    assert torch.allclose(states[-1].x, POINT.means, atol=1e-9) and nfe < 15


@pytest.mark.parametrize("times", [(1000.0, 500.0, 0.0), LINEAR.grid(20)])
def test_adaptive_refuses_a_grid(times):
    with pytest.raises(ValueError, match="chooses its own times"):
        samplers.dpm_solver_adaptive(MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, times)


@pytest.mark.parametrize("option", [{"rtol": 0.0}, {"atol": -1.0}, {"pair": "34"}, {"rtol": float("nan")}])
def test_adaptive_refuses_options(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        samplers.dpm_solver_adaptive(MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, (1000.0, 0.0), **option)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_adaptive_stops_at_a_broken_denoiser(value):
    def broken(x, t):
        seen = MIXTURE.denoiser(LINEAR)(x, t)
        return Estimate(seen.x0, seen.eps * (value if t < 500 else 1.0))

    with pytest.raises(RuntimeError, match="NaN or infinite"):
        adaptive(LINEAR, (1000.0, 0.0), broken)
