"""Worlds whose answer is known: distributions with an exact denoiser, so that a sampler's error can be measured."""

from diffusion_lessons.toys.mixtures import ConditionalMixture, ExactDenoiser, GaussianMixture, point_masses

__all__ = ["ConditionalMixture", "ExactDenoiser", "GaussianMixture", "point_masses"]
