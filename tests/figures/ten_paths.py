"""Ten trajectories of DDIM between two clusters, for figures to show."""

import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.samplers import trace

LINEAR = schedules.ddpm_linear()
MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.2)


def ten_paths():
    """Their states, from x_T on."""
    x = LINEAR.prior((10,), torch.Generator().manual_seed(0), dtype=torch.float64)
    return trace(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, LINEAR.grid(5))
