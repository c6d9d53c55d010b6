"""DDPM: the posterior of the noising chain, and nothing added at the end."""

import math

import pytest
import torch
from diffusers import DDPMScheduler

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.estimates import Estimate
from tests.samplers.problems import MIXTURE, noise

PATH = schedules.ddpm_linear(T=50, beta_start=1e-3, beta_end=0.2)


def constant(x0):
    return lambda x, t: Estimate(torch.full_like(x, x0), torch.zeros_like(x))


@pytest.mark.parametrize("t", [2, 7, 50])
@pytest.mark.parametrize("variance", ["small", "large"])
def test_one_step_has_the_coefficients_of_the_paper(t, variance):
    """DDPM eq. 7: mean sqrt(ab_s) beta / (1 - ab_t) x_0 + sqrt(1 - beta) (1 - ab_s) / (1 - ab_t) x_t."""
    ab_t, ab_s, beta = PATH.alpha_bar(t), PATH.alpha_bar(t - 1), PATH.betas[t - 1].item()
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)[:, None]
    z = torch.randn(5, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    out = samplers.sample(
        samplers.ddpm,
        constant(0.7),
        x,
        PATH,
        (t, t - 1),
        variance=variance,
        generator=torch.Generator().manual_seed(3),
    )
    mean = math.sqrt(ab_s) * beta / (1 - ab_t) * 0.7 + math.sqrt(1 - beta) * (1 - ab_s) / (1 - ab_t) * x
    std = math.sqrt((1 - ab_s) / (1 - ab_t) * beta if variance == "small" else beta)
    torch.testing.assert_close(out, mean + std * z, rtol=0, atol=1e-10)


@pytest.mark.parametrize("variance", ["small", "large"])
def test_no_noise_on_the_last_step(variance):
    """With the small variance the coefficient is 0 anyway; the large one would leave beta_1."""
    out = samplers.sample(samplers.ddpm, constant(0.7), torch.randn(4, 1), PATH, (1.0, 0.0), variance=variance)
    assert torch.equal(out, torch.full((4, 1), 0.7))


@pytest.mark.parametrize("variance, steps, far", [("small", 50, 0.06), ("large", 50, 0.06)])
def test_samples_have_the_moments_of_the_data(variance, steps, far):
    data = toys.GaussianMixture([[0.5]], stds=0.6)
    generator = torch.Generator().manual_seed(0)
    x = PATH.prior((4000, 1), generator=generator)
    out = samplers.sample(
        samplers.ddpm, data.denoiser(PATH), x, PATH, PATH.grid(steps), variance=variance, generator=generator
    )
    assert abs(out.mean().item() - 0.5) < far and abs(out.std().item() - 0.6) < far


def test_few_steps_lose_variance_with_the_small_choice_and_gain_with_the_large():
    """Text-book behaviour for data of std 1: the two choices bracket the truth (DDPM, section 3.2)."""
    data, path = toys.GaussianMixture([[0.0]], stds=0.5), schedules.ddpm_linear()

    def std(variance):
        generator = torch.Generator().manual_seed(0)
        x = path.prior((4000, 1), generator=generator)
        times = path.grid(10)[:-1]  # before the last step, which adds nothing
        states = samplers.ddpm(data.denoiser(path), x, path, times, variance=variance, generator=generator)
        return [state.x.std().item() for state in states][-1]

    exact = math.sqrt(path.alpha_bar(100) * 0.25 + path.sigma(100) ** 2)
    assert std("small") < exact < std("large")


@pytest.mark.parametrize("variance", ["small", "large"])
def test_agrees_with_diffusers_on_the_full_grid(variance):
    """Their index i is our time i + 1; their tables are float32."""
    scheduler = DDPMScheduler(
        50,
        trained_betas=PATH.betas.float().numpy(),
        variance_type=f"fixed_{variance}",
        clip_sample=False,
    )
    x = theirs = noise(PATH)
    generator = torch.Generator().manual_seed(5)
    for i in scheduler.timesteps:
        eps = MIXTURE.denoiser(PATH)(theirs, float(i + 1)).eps
        theirs = scheduler.step(eps, i, theirs, generator=generator).prev_sample
    ours = samplers.sample(
        samplers.ddpm,
        MIXTURE.denoiser(PATH),
        x,
        PATH,
        PATH.grid(50),
        variance=variance,
        generator=torch.Generator().manual_seed(5),
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
