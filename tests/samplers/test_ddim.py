"""DDIM: its identities with DDPM, its closed forms, its order, and one known disagreement."""

import math
from itertools import pairwise

import pytest
import torch
from diffusers import DDIMScheduler

from diffusion_lessons import samplers, schedules, toys
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, noise, rms, seeded

LINEAR = schedules.ddpm_linear()


@pytest.mark.parametrize("name", ["ddpm_linear", "short", "cosine", "zero_terminal"])
def test_eta_1_on_all_steps_is_ddpm_with_the_small_variance(name):
    path = PATHS[name]
    x, times = noise(path), path.grid(int(path.T))

    def run(sampler, **options):
        return samplers.sample(
            sampler, MIXTURE.denoiser(path), x, path, times, generator=torch.Generator().manual_seed(1), **options
        )

    torch.testing.assert_close(run(samplers.ddim, eta=1.0), run(samplers.ddpm), rtol=0, atol=1e-10)


def test_unused_randomness_changes_nothing():
    x, times = noise(LINEAR), LINEAR.grid(10)
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    with_generator = samplers.sample(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, times, generator=generator)
    assert torch.equal(generator.get_state(), before)
    torch.manual_seed(123)
    assert torch.equal(with_generator, samplers.sample(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, times))


@pytest.mark.parametrize("N", [1, 2, 10, 50])
def test_the_gain_on_a_standard_normal(N):
    """N(0, 1) data, even angles: x0_hat = alpha x and eps_hat = sigma x, so each step multiplies by cos(pi / 2N)."""
    alpha_bar = [math.cos(k * math.pi / (2 * N)) ** 2 for k in range(N)] + [0.0]
    path = schedules.from_alpha_bar(alpha_bar)
    x = noise(path, shape=(1,))
    out = samplers.sample(
        samplers.ddim, toys.GaussianMixture([[0.0]], stds=1.0).denoiser(path), x, path, range(N, -1, -1)
    )
    torch.testing.assert_close(out, math.cos(math.pi / (2 * N)) ** N * x, rtol=0, atol=1e-12)
    if N == 10:
        assert math.cos(math.pi / 20) ** 10 == pytest.approx(0.883485, abs=1e-6)


@pytest.mark.parametrize("name", ["ddpm_linear", "cosine", "flow", "variance_exploding"])
def test_gaussian_trajectories_converge_at_order_1(name):
    """N(m, s^2): x_t - alpha_t m stays in proportion to the std of x_t along the exact flow."""
    path, m, s = PATHS[name], 0.4, 0.5
    denoise = toys.GaussianMixture([[m]], stds=s).denoiser(path)
    start, end = path.t_max, 20 * path.t_min
    x = noise(path, shape=(1,))

    def spread(t):
        return math.sqrt(path.alpha(t) ** 2 * s**2 + path.sigma(t) ** 2)

    exact = path.alpha(end) * m + spread(end) / spread(start) * (x - path.alpha(start) * m)
    errors = [
        rms(samplers.sample(samplers.ddim, denoise, x, path, path.grid(N, "logsnr", t_min=end)) - exact)
        for N in (64, 128, 256)
    ]
    for coarse, fine in pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(1.0, abs=0.06)


def test_inversion_is_a_first_order_round_trip():
    data = MIXTURE.sample(16, torch.Generator().manual_seed(0), dtype=torch.float64)
    denoise = MIXTURE.denoiser(LINEAR)

    def round_trip(N):
        times = LINEAR.grid(N, "logsnr", t_min=5.0)
        up = samplers.sample(samplers.ddim_inversion, denoise, data, LINEAR, times)
        return rms(samplers.sample(samplers.ddim, denoise, up, LINEAR, times) - data)

    errors = [round_trip(N) for N in (100, 200, 400)]
    assert errors[0] > 1e-3  # not exact
    assert math.log2(errors[1] / errors[2]) == pytest.approx(1.0, abs=0.15)


def test_inversion_climbs_the_same_times():
    times = LINEAR.grid(4)
    states = samplers.trace(samplers.ddim_inversion, MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, times)
    assert [state.t for state in states] == list(reversed(times))


def diffusers_ddim(x, N, spacing):
    """Their sampler with the exact denoiser, and their times as ours (index i is time i + 1)."""
    scheduler = DDIMScheduler(
        1000, 1e-4, 0.02, "linear", clip_sample=False, timestep_spacing=spacing, set_alpha_to_one=True
    )
    scheduler.set_timesteps(N)
    for i in scheduler.timesteps:
        x = scheduler.step(MIXTURE.denoiser(LINEAR)(x, float(i + 1)).eps, i, x).prev_sample
    return x, [float(i + 1) for i in scheduler.timesteps]


@pytest.mark.parametrize("N, spacing", [(10, "leading"), (7, "leading"), (20, "trailing"), (50, "trailing")])
def test_agrees_with_diffusers_where_its_times_are_its_own(N, spacing):
    x = noise(LINEAR)
    theirs, times = diffusers_ddim(x, N, spacing)
    assert (*times, 0.0) == LINEAR.grid(N, spacing)
    ours = samplers.sample(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, LINEAR.grid(N, spacing))
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_the_known_disagreement_with_diffusers():
    """Its DDIM steps from t to t - T // N, not to the next time of its grid; where N does not divide T that is wrong.

    With 7 trailing steps the grid is 1000, 857, 714, 571, 429, 286, 143, 0 and T // N is 142: each step stops short
    of, or beyond, the time at which the next evaluation believes to be.
    """
    x = noise(LINEAR)
    theirs, times = diffusers_ddim(x, 7, "trailing")
    ours = samplers.sample(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, (*times, 0.0))
    assert rms(ours - theirs) > 1e-3
    reproduced = x
    for t in times:
        seen = MIXTURE.denoiser(LINEAR)(reproduced, t)
        s = max(t - 1000 // 7, 0.0)
        reproduced = LINEAR.alpha(s) * seen.x0 + LINEAR.sigma(s) * seen.eps
    torch.testing.assert_close(reproduced, theirs, rtol=0, atol=1e-4)


def test_eta_between_is_between():
    """The variance that eta adds is eta^2 of the posterior's, and the predicted noise makes room for it."""
    data = toys.GaussianMixture([[0.0]], stds=0.0)  # eps_hat = x / sigma: known
    x = torch.full((20000, 1), 0.8, dtype=torch.float64)
    t, s = 500.0, 400.0
    for eta in (0.3, 1.0):
        out = samplers.sample(
            samplers.ddim,
            data.denoiser(LINEAR),
            x,
            LINEAR,
            (t, s),
            eta=eta,
            generator=torch.Generator().manual_seed(0),
        )
        std = eta * math.sqrt(LINEAR.posterior_variance(t, s))
        assert out.std().item() == pytest.approx(std, rel=0.02)
        mean = math.sqrt(LINEAR.sigma(s) ** 2 - std**2) * 0.8 / LINEAR.sigma(t)
        assert out.mean().item() == pytest.approx(mean, abs=4 * std / math.sqrt(20000))


@pytest.mark.parametrize("name", ["flow", "variance_exploding", "cosine"])
def test_eta_1_on_times_made_by_repeated_subtraction(name):
    """sigma_s^2 - std^2 is at least 0 and, where alpha_t is 0, exactly 0: rounding makes it -1e-17."""
    path, counts = PATHS[name], (14, 15, 27, 30, 54, 55)
    denoise, x = MIXTURE.denoiser(path), noise(path, batch=2)
    for steps in counts:
        times = [path.T]
        for _ in range(steps):
            times.append(times[-1] - path.T / steps)
        times = [t for t in times if t >= 0]
        assert samplers.sample(samplers.ddim, denoise, x, path, times, eta=1.0, **seeded()).isfinite().all()
