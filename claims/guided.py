"""Guided samples of exact Gaussians, whose densities and whose ends are known in closed form."""

import torch
from torch import Tensor

from claims.distances import COSINE
from diffusion_lessons import samplers
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.toys.mixtures import ConditionalMixture, GaussianMixture

SAMPLES, STEPS, SCALE = 4000, 200, 3.0


def classes(*gaussians: tuple[float, float]) -> ConditionalMixture:
    """Classes of one Gaussian each, given as (mean, std)."""
    return ConditionalMixture([GaussianMixture([[mean]], stds=std) for mean, std in gaussians])


def guided_samples(
    both: ConditionalMixture, scale: float, seed: int, sampler: str = "ddim", negative: int | None = 1
) -> Tensor:
    """Samples [n, 1] of class 0, guided away from class `negative`, or from everything (None)."""
    generator = torch.Generator().manual_seed(seed)
    x = COSINE.prior((SAMPLES, 1), generator, dtype=torch.float64)
    away = negative if scale > 1 else None  # at 1 nothing is pushed away
    denoise = classifier_free(both.denoiser(COSINE), 0, scale, away)
    return samplers.sample(samplers.get(sampler), denoise, x, COSINE, COSINE.grid(STEPS), generator=generator)
