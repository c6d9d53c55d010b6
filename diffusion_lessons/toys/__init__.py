"""Worlds whose answer is known: distributions with an exact denoiser, so that a sampler's error can be measured."""

from diffusion_lessons.toys.mixtures import ConditionalMixture, ExactDenoiser, GaussianMixture, point_masses
from diffusion_lessons.toys.shapes import checkerboard, moons, rings, spiral, swiss_roll

__all__ = [
    "ConditionalMixture",
    "ExactDenoiser",
    "GaussianMixture",
    "checkerboard",
    "moons",
    "point_masses",
    "rings",
    "spiral",
    "swiss_roll",
]
