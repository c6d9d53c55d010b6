"""EDM's stochastic sampler: the paper's algorithm on its own path, Heun without churn, and what churn repairs."""

import math
from itertools import pairwise

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.estimates import Estimate
from tests.samplers.problems import MIXTURE, noise, rms, seeded

EDM = schedules.variance_exploding(sigma_max=20.0)
FLOW, COSINE = schedules.flow(), schedules.cosine()


def algorithm_2(D, x, levels, churn, low, high, s_noise, generator):
    """Karras et al. 2022, algorithm 2, line by line: D(x, sigma) is the denoiser, levels = t_0 > ... > t_N = 0."""
    N = len(levels) - 1
    for i in range(N):
        t, s = levels[i], levels[i + 1]
        gamma = min(churn / N, math.sqrt(2) - 1) if low <= t <= high else 0.0
        t_hat = t + gamma * t
        if gamma > 0:
            e = s_noise * torch.randn(x.shape, generator=generator, dtype=x.dtype)
            x = x + math.sqrt(t_hat**2 - t**2) * e
        d = (x - D(x, t_hat)) / t_hat
        x_next = x + (s - t_hat) * d
        if s != 0:
            d_prime = (x_next - D(x_next, s)) / s
            x_next = x + (s - t_hat) * (d + d_prime) / 2
        x = x_next
    return x


@pytest.mark.parametrize("churn, s_noise", [(4.0, 1.0), (40.0, 1.003)])
def test_it_is_the_paper_s_algorithm(churn, s_noise):
    exact, x = MIXTURE.denoiser(EDM), noise(EDM)
    times = EDM.grid(12, "karras")
    options = {"s_churn": churn, "s_tmin": 0.05, "s_tmax": 10.0, "s_noise": s_noise}
    ours = samplers.sample(samplers.edm_stochastic, exact, x, EDM, times, **options, **seeded())
    theirs = algorithm_2(lambda x, t: exact(x, t).x0, x, times, churn, 0.05, 10.0, s_noise, **seeded())
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)


def test_without_churn_it_is_heun_and_draws_nothing():
    exact, x, times = MIXTURE.denoiser(EDM), noise(EDM), EDM.grid(9, "karras")
    options = seeded(3)
    ours = samplers.sample(samplers.edm_stochastic, exact, x, EDM, times, s_churn=0.0, **options)
    torch.testing.assert_close(ours, samplers.sample(samplers.heun, exact, x, EDM, times), rtol=0, atol=1e-12)
    assert torch.equal(options["generator"].get_state(), torch.Generator().manual_seed(3).get_state())
    outside = {"s_tmin": 3.0, "s_tmax": 2.0}
    never = samplers.sample(samplers.edm_stochastic, exact, x, EDM, times, **outside, **seeded())
    torch.testing.assert_close(never, ours, rtol=0, atol=0)


def test_on_another_path_it_is_the_same_in_clock_and_scale():
    """From the same noise level and the same x / alpha, with the same draws, it ends in the same places."""
    levels = EDM.grid(10, "karras")[:-1]
    times = [*(FLOW.t_of_lam(-math.log(level)) for level in levels), 0.0]
    x = noise(EDM)
    churned = lambda path, x, times: samplers.sample(  # noqa: E731
        samplers.edm_stochastic, MIXTURE.denoiser(path), x, path, times, s_tmax=10.0, **seeded()
    )
    on_edm = churned(EDM, x, (*levels, 0.0))
    on_flow = churned(FLOW, FLOW.alpha(times[0]) * x, times)
    torch.testing.assert_close(on_flow, on_edm, rtol=0, atol=1e-8)


def test_order_2_without_churn():
    x = noise(EDM)
    run = lambda N: samplers.sample(  # noqa: E731
        samplers.edm_stochastic, MIXTURE.denoiser(EDM), x, EDM, EDM.grid(N, "karras", t_min=0.05), s_churn=0.0
    )
    fine = run(1024)
    errors = [rms(run(N) - fine) for N in (32, 64, 128)]
    assert all(math.log2(a / b) == pytest.approx(2, abs=0.3) for a, b in pairwise(errors))


def test_nothing_is_raised_above_the_path_s_first_level():
    asked, exact = [], MIXTURE.denoiser(COSINE)

    def denoise(x, t):
        asked.append(t)
        return exact(x, t)

    wide = {"s_churn": 1000.0, "s_tmin": 0.0, "s_tmax": math.inf}
    samplers.sample(samplers.edm_stochastic, denoise, noise(COSINE), COSINE, COSINE.grid(6), **wide, **seeded())
    assert max(asked) == 1000.0 and min(asked) > 0
    assert sum(after > before for before, after in pairwise(asked)) >= 3  # it did go up


def test_two_evaluations_a_step_but_at_the_ends():
    for path, calls in ((EDM, 9), (FLOW, 8)):  # from alpha = 0 there is no inner point either
        denoise = count_calls(MIXTURE.denoiser(path))
        samplers.sample(samplers.edm_stochastic, denoise, noise(path), path, path.grid(5), **seeded())
        assert denoise.nfe == calls == samplers.edm_stochastic.info.nfe(path.grid(5), path)


def test_churn_repairs_a_biased_network_and_costs_an_exact_one():
    """Data N(0, 1/4), seen by a network that finds too little noise at high levels: the ODE keeps that error."""
    data = toys.GaussianMixture([0.0], stds=0.5)
    exact = data.denoiser(EDM)

    def biased(x, t):
        eps = exact(x, t).eps
        wrong = 0.9 * eps if t > 1 else eps
        return Estimate(x - t * wrong, wrong)

    def width_error(denoise, churn):
        generator = torch.Generator().manual_seed(0)
        x = 20 * toys.gaussian_quantiles(20_000)
        options = {"s_churn": churn, "s_tmin": 0.0, "generator": generator}
        times = EDM.grid(60, "karras")
        return abs(samplers.sample(samplers.edm_stochastic, denoise, x, EDM, times, **options).std().item() - 0.5)

    assert width_error(biased, 40.0) < 0.5 * width_error(biased, 0.0)
    assert width_error(exact, 0.0) < 0.005
