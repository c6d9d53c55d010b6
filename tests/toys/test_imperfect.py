"""An error of a known size: what it says, and that fresh noise forgets it."""

import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.estimates import target
from diffusion_lessons.toys import GaussianMixture
from diffusion_lessons.toys.imperfect import Flawed
from diffusion_lessons.toys.one_dimension import wasserstein_1

PATH = schedules.cosine()
HEAPS = GaussianMixture([-1.2, 0.3, 1.5], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
EXACT = HEAPS.denoiser(PATH)


def test_the_error_is_in_v_and_x_keeps_its_meaning():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    for t in (1.0, 400.0, 1000.0):
        right, wrong = (target("v", *each(x, t), PATH, t) for each in (EXACT, Flawed(EXACT, PATH, 0.2)))
        torch.testing.assert_close(wrong - right, 0.2 * torch.sin(3 * x))
        x0, eps = Flawed(EXACT, PATH, 0.2)(x, t)
        torch.testing.assert_close(PATH.alpha(t) * x0 + PATH.sigma(t) * eps, x)
        known = EXACT(x, t)
        torch.testing.assert_close(x0 - known.x0, -PATH.sigma(t) * 0.2 * torch.sin(3 * x))
        torch.testing.assert_close(eps - known.eps, PATH.alpha(t) * 0.2 * torch.sin(3 * x))


def test_without_error_fresh_noise_costs_and_with_one_it_pays():
    x = PATH.prior((5000,), torch.Generator().manual_seed(0), dtype=torch.float64)
    for size, pays in ((0.0, False), (0.2, True)):
        ends = {}
        for eta in (0.0, 1.0):
            generator = torch.Generator().manual_seed(1)
            denoise = Flawed(EXACT, PATH, size)
            ends[eta] = samplers.sample(samplers.ddim, denoise, x, PATH, PATH.grid(10), eta=eta, generator=generator)
        plain, noisy = (wasserstein_1(each, HEAPS) for each in ends.values())
        assert (noisy < 0.8 * plain) if pays else (noisy > 1.15 * plain)
