"""The exercises of the family ask for what the library's samplers do."""

import numpy as np
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.checks import EXERCISES
from diffusion_lessons.samplers.base import sample

PATH, T, S = schedules.flow(), 0.7, 0.4
MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.3)
X = torch.tensor([-0.4, 0.1, 1.3], dtype=torch.float64)
H = PATH.lam(S) - PATH.lam(T)


def test_the_score_is_the_mixture_s():
    x0 = MIXTURE.denoiser(PATH)(X, T).x0
    found = EXERCISES["score_from_x0"].solution(X.numpy(), x0.numpy(), PATH.alpha(T), PATH.sigma(T))
    np.testing.assert_allclose(found, MIXTURE.score(X, PATH, T).numpy(), rtol=1e-10)


def test_the_noisy_step_is_the_sampler_s_and_ddim_with_its_eta():
    estimate = MIXTURE.denoiser(PATH)(X, T)
    z = torch.randn(3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for noise in (0.5, 0.9):
        mine = EXERCISES["noisy_step"].solution(
            estimate.x0.numpy(), estimate.eps.numpy(), z.numpy(), PATH.alpha(S), PATH.sigma(S), H, noise
        )
        options = {"exponential_sde": {"noise": noise}, "ddim": {"eta": EXERCISES["eta_of_noise"].solution(noise, H)}}
        for name, own in options.items():
            generator = torch.Generator().manual_seed(3)
            drawn = sample(samplers.get(name), MIXTURE.denoiser(PATH), X, PATH, (T, S), generator=generator, **own)
            np.testing.assert_allclose(mine, drawn.numpy(), rtol=1e-10)
