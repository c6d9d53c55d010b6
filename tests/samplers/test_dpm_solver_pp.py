"""DPM-Solver++: the papers' updates, parity with public implementations, and rules that do not count steps."""

import importlib
import math

import pytest
import torch
from diffusers import DPMSolverMultistepScheduler

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.estimates import Estimate
from tests.samplers.problems import MIXTURE, noise, rms

LINEAR = schedules.ddpm_linear()


def in_lambda(path, f):
    """A denoiser whose clean sample depends on lambda alone."""

    def denoise(x, t):
        x0 = torch.full_like(x, f(path.lam(t)))
        return Estimate(x0, (x - path.alpha(t) * x0) / path.sigma(t))

    return denoise


def test_2s_is_the_paper_s_algorithm():
    """Algorithm 1 with r = 1/2, in its own letters."""
    path, (t, s) = LINEAR, (700.0, 400.0)
    x, denoise = noise(path), MIXTURE.denoiser(path)
    h, r = path.lam(s) - path.lam(t), 0.5
    m = path.t_of_lam(path.lam(t) + r * h)
    first = denoise(x, t).x0
    u = path.sigma(m) / path.sigma(t) * x - path.alpha(m) * math.expm1(-r * h) * first
    D = (1 - 1 / (2 * r)) * first + 1 / (2 * r) * denoise(u, m).x0
    expected = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * math.expm1(-h) * D
    torch.testing.assert_close(
        samplers.sample(samplers.dpm_solver_pp_2s, denoise, x, path, (t, s)), expected, rtol=0, atol=1e-12
    )


def test_2m_is_the_paper_s_algorithm():
    """Algorithm 2, in its own letters."""
    path, times = LINEAR, (900.0, 600.0, 350.0, 200.0)
    x, denoise = noise(path), MIXTURE.denoiser(path)
    out = samplers.sample(samplers.dpm_solver_pp_2m, denoise, x, path, times)
    l = [path.lam(t) for t in times]
    Q = []
    for i in range(1, 4):
        Q.append(denoise(x, times[i - 1]).x0)
        D = Q[-1]
        if i > 1:
            r = (l[i - 1] - l[i - 2]) / (l[i] - l[i - 1])
            D = (1 + 1 / (2 * r)) * Q[-1] - 1 / (2 * r) * Q[-2]
        ratio = path.sigma(times[i]) / path.sigma(times[i - 1])
        x = ratio * x - path.alpha(times[i]) * math.expm1(-(l[i] - l[i - 1])) * D
    torch.testing.assert_close(out, x, rtol=0, atol=1e-12)


def test_corrected_3m_is_exact_for_a_parabola_in_lambda_and_the_published_one_is_not():
    """x_s = sigma_s / sigma_t x_t + sigma_s int e^l x0(l) dl, for x0 = a + b l + c l^2 closed by parts."""
    path, times = LINEAR, (900.0, 700.0, 450.0, 300.0)
    a, b, c = 0.3, -0.2, 0.1
    denoise = in_lambda(path, lambda l: a + b * l + c * l**2)
    x = noise(path, shape=(1,))

    def antiderivative(l):
        return math.exp(l) * (a + b * (l - 1) + c * (l**2 - 2 * l + 2))

    for corrected, error in ((True, 0.0), (False, 1e-3)):
        before, last = samplers.trace(samplers.dpm_solver_pp_3m, denoise, x, path, times, corrected=corrected)[-2:]
        t, s = before.t, last.t
        integral = antiderivative(path.lam(s)) - antiderivative(path.lam(t))
        exact = path.sigma(s) / path.sigma(t) * before.x + path.sigma(s) * integral
        if corrected:
            torch.testing.assert_close(last.x, exact, rtol=0, atol=1e-12)
        else:
            assert rms(last.x - exact) > error


@pytest.mark.parametrize("order, sampler", [(2, samplers.dpm_solver_pp_2m), (3, samplers.dpm_solver_pp_3m)])
@pytest.mark.parametrize("N", [20, 50])
def test_agrees_with_diffusers(order, sampler, N):
    """From 15 steps on, where its rule for the last steps is ours too; its tables are float32."""
    scheduler = DPMSolverMultistepScheduler(
        1000, 1e-4, 0.02, "linear", solver_order=order, timestep_spacing="trailing", final_sigmas_type="zero"
    )
    scheduler.set_timesteps(N)
    x = theirs = noise(LINEAR)
    for i in scheduler.timesteps:
        seen = MIXTURE.denoiser(LINEAR)(theirs, float(i + 1))
        theirs = scheduler.step(seen.eps, i, theirs).prev_sample
    ours = samplers.sample(sampler, MIXTURE.denoiser(LINEAR), x, LINEAR, LINEAR.grid(N))
    torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=2e-4)


def test_history_behind_an_infinite_step_is_not_used():
    """From alpha = 0 the first two steps have no history in lambda: both are DDIM's."""
    path = schedules.flow()
    x, times = noise(path), (1.0, 0.8, 0.6, 0.4, 0.2)
    ddim = samplers.trace(samplers.ddim, MIXTURE.denoiser(path), x, path, times)
    for sampler in (samplers.dpm_solver_pp_2m, samplers.dpm_solver_pp_3m):
        states = samplers.trace(sampler, MIXTURE.denoiser(path), x, path, times)
        for i in (1, 2):
            torch.testing.assert_close(states[i].x, ddim[i].x, rtol=0, atol=1e-12)
        assert rms(states[3].x - ddim[3].x) > 1e-3


def test_one_step_of_the_sde_is_ddpm_s():
    x, denoise = noise(LINEAR), MIXTURE.denoiser(LINEAR)
    one, other = (
        samplers.sample(s, denoise, x, LINEAR, (700.0, 400.0), generator=torch.Generator().manual_seed(2))
        for s in (samplers.dpm_solver_pp_2m_sde, samplers.ddpm)
    )
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name, order", [("ddpm", 1.0), ("dpm_solver_pp_2m_sde", 2.0)])
def test_the_order_of_the_variance_of_stochastic_samplers(name, order, monkeypatch):
    """On N(0, 1/4) a sampler is linear in x_T and in each z, so unit impulses give the variance without sampling."""
    path, end, calls = LINEAR, 10.0, iter(range(10**6))
    module = importlib.import_module(samplers.ALL[name].__module__)

    def impulse(x, generator):
        z = torch.zeros_like(x)
        z[1 + next(calls)] = 1.0  # the first row is x_T's own
        return z

    monkeypatch.setattr(module, "fresh_noise", impulse)
    denoise = toys.GaussianMixture([[0.0]], stds=0.5).denoiser(path)

    def error(N):
        nonlocal calls
        calls = iter(range(N))
        x = torch.zeros(N + 1, 1, dtype=torch.float64)
        x[0] = math.sqrt(path.alpha_bar(path.T) / 4 + path.sigma(path.T) ** 2)
        out = samplers.sample(samplers.ALL[name], denoise, x, path, path.grid(N, "logsnr", t_min=end))
        return abs(out.square().sum().item() - (path.alpha_bar(end) / 4 + path.sigma(end) ** 2))

    assert math.log2(error(128) / error(256)) == pytest.approx(order, abs=0.05)
