"""One family with one knob: its SDE against the path, its two steps against each other, DDIM and DDPM within it."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.samplers.reverse_sde import forward_sde, reverse_drift
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, noise, rms, seeded

FLOW, LINEAR = schedules.flow(), schedules.ddpm_linear()
CONTINUOUS = ("ddpm_linear", "cosine", "flow", "variance_exploding")
NUMBERS = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])


def run(sampler, path, times, **options):
    return samplers.sample(sampler, MIXTURE.denoiser(path), noise(path), path, times, **{**seeded(), **options})


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_forward_sde_makes_the_path(name):
    """d alpha / dt = f alpha, and d sigma^2 / dt = 2 f sigma^2 + g^2: what the SDE does to mean and variance."""
    path = PATHS[name]
    for share in (0.2, 0.5, 0.8):
        t, d = share * path.t_max, 1e-4 * path.t_max
        f, g2 = forward_sde(path, t)
        d_alpha = (path.alpha(t + d) - path.alpha(t - d)) / (2 * d)
        d_variance = (path.sigma(t + d) ** 2 - path.sigma(t - d) ** 2) / (2 * d)
        assert d_alpha == pytest.approx(f * path.alpha(t), rel=1e-3, abs=1e-9)
        assert d_variance == pytest.approx(2 * f * path.sigma(t) ** 2 + g2, rel=1e-3)


def test_the_forward_sde_in_closed_form():
    """EDM's: f = 0, g^2 = 2 t. The straight path's: f = -1 / (1 - t), g^2 = 2 t / (1 - t)."""
    assert forward_sde(schedules.variance_exploding(), 3.0) == pytest.approx((0.0, 6.0))
    assert forward_sde(FLOW, 0.25) == pytest.approx((-1 / 0.75, 0.5 / 0.75))
    for t in (0.0, 1.0):
        with pytest.raises(ValueError, match="the SDE needs both above 0"):
            forward_sde(FLOW, t)


def test_the_drift_is_that_of_anderson_and_song():
    x, t = noise(FLOW, batch=4), 0.4
    estimate = MIXTURE.denoiser(FLOW)(x, t)
    f, g2 = forward_sde(FLOW, t)
    score = MIXTURE.score(x, FLOW, t)
    for k in (0.0, 0.5, 1.0, 2.0):
        expected = f * x - (1 + k**2) / 2 * g2 * score
        torch.testing.assert_close(reverse_drift(estimate, FLOW, t, k), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_without_noise_it_is_ddim_and_with_1_it_is_ddpm(path):
    times = path.grid(4)
    torch.testing.assert_close(
        run(samplers.exponential_sde, path, times, noise=0.0), run(samplers.ddim, path, times), rtol=0, atol=1e-12
    )
    torch.testing.assert_close(
        run(samplers.exponential_sde, path, times), run(samplers.ddpm, path, times), rtol=0, atol=1e-11
    )


@pytest.mark.parametrize("k", [0.3, 0.8])
def test_each_step_is_ddim_with_an_eta_of_its_own(k):
    t, s = 600.0, 350.0
    h = LINEAR.lam(s) - LINEAR.lam(t)
    eta = math.sqrt(math.expm1(-2 * k**2 * h) / math.expm1(-2 * h))
    one, other = (
        run(sampler, LINEAR, (t, s), **options)
        for sampler, options in ((samplers.exponential_sde, {"noise": k}), (samplers.ddim, {"eta": eta}))
    )
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_with_much_noise_all_of_it_is_fresh():
    """As in multistep consistency sampling: see the clean sample, noise it anew."""
    z = torch.randn(8, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    expected = LINEAR.add_noise(MIXTURE.denoiser(LINEAR)(noise(LINEAR), 1000.0).x0, z, 500.0)
    found = run(samplers.exponential_sde, LINEAR, (1000.0, 500.0), noise=100.0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_without_noise_euler_maruyama_is_euler_and_nothing_is_drawn():
    times = LINEAR.grid(9, t_min=20.0)
    for sampler, plain in ((samplers.euler_maruyama, samplers.euler), (samplers.exponential_sde, samplers.ddim)):
        options = seeded(3)
        out = run(sampler, LINEAR, times, noise=0.0, **options)
        torch.testing.assert_close(out, run(plain, LINEAR, times), rtol=0, atol=1e-12)
        assert torch.equal(options["generator"].get_state(), torch.Generator().manual_seed(3).get_state())


@pytest.mark.parametrize("k", [0.5, 1.0, 2.0])
def test_the_two_steps_agree_where_they_are_short(k):
    """The same noise in both: their difference over one step of length h is of order h^(3/2)."""
    differences = []
    for h in (0.04, 0.01):
        times = (LINEAR.t_of_lam(0.0), LINEAR.t_of_lam(h))
        one, other = (
            run(sampler, LINEAR, times, noise=k) for sampler in (samplers.euler_maruyama, samplers.exponential_sde)
        )
        differences.append(rms(one - other))
    assert math.log(differences[0] / differences[1], 4) > 1.3


def distance(sampler, path, steps, k, seeds=3, n=4000):
    """The mean Wasserstein-1 distance of n samples to the data, from starts that lie evenly."""
    found = []
    for seed in range(seeds):
        generator = torch.Generator().manual_seed(seed)
        x = toys.gaussian_quantiles(n)[torch.randperm(n, generator=generator)]
        times = path.grid(steps, "logsnr")
        x = samplers.sample(sampler, NUMBERS.denoiser(path), x, path, times, noise=k, generator=generator)
        found.append(toys.wasserstein_1(x, NUMBERS))
    return sum(found) / seeds


@pytest.mark.parametrize("name", ["flow", "cosine"])
@pytest.mark.parametrize("k", [0.0, 0.5, 1.0, 2.0])
def test_every_setting_of_the_knob_reaches_the_data(k, name):
    """First order in the step: a quarter of it leaves less than half of the distance, down to chance (0.018)."""
    path = PATHS[name]
    few, many = (distance(samplers.exponential_sde, path, steps, k) for steps in (32, 128))
    assert many < 0.55 * few and many < 0.1
    assert distance(samplers.euler_maruyama, path, 256, k) < 0.04


def test_much_noise_in_long_steps_throws_euler_maruyama_off():
    """Its pull overshoots where k^2 h is above 1; the exponential step cannot."""
    assert distance(samplers.euler_maruyama, FLOW, 16, 2.0, seeds=1) > 100
    assert distance(samplers.exponential_sde, FLOW, 16, 2.0, seeds=1) < 0.5


def test_marginals_are_kept_on_the_way():
    """Not only at the end: x_t half way has the path's mean and variance, from data noised to T, whatever k is."""
    path, end = FLOW, 0.5
    generator = torch.Generator().manual_seed(0)
    x = path.add_noise(
        NUMBERS.sample(20_000, generator, torch.float64),
        torch.randn(20_000, generator=generator, dtype=torch.float64),
        0.95,
    )
    times = path.grid(400, "logsnr", t_min=end)
    times = (0.95, *(t for t in times if t < 0.95))
    mean = float(NUMBERS.weights @ NUMBERS.means[:, 0])
    variance = float(NUMBERS.weights @ (NUMBERS.variances[:, 0] + NUMBERS.means[:, 0] ** 2)) - mean**2
    for k in (0.0, 1.0, 2.0):
        denoise = count_calls(NUMBERS.denoiser(path))
        half = samplers.sample(samplers.exponential_sde, denoise, x, path, times, noise=k, generator=generator)
        assert denoise.nfe == len(times) - 1
        assert half.mean().item() == pytest.approx(0.5 * mean, abs=0.02)
        assert half.var().item() == pytest.approx(0.25 * variance + 0.25, rel=0.04)


def test_bad_noise_is_refused():
    for value in (-0.1, float("nan"), "much", True, 1e9):
        with pytest.raises(ValueError, match="noise must be between 0 and 100"):
            run(samplers.exponential_sde, FLOW, FLOW.grid(3), noise=value)
