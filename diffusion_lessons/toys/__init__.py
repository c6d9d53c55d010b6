"""Worlds whose answer is known: distributions with an exact denoiser, so that a sampler's error can be measured."""

from diffusion_lessons.toys.bayes_loss import bayes_loss, excess_loss
from diffusion_lessons.toys.distilled import Blurred, progressive_student
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow, flow_map
from diffusion_lessons.toys.fokker_planck import fokker_planck_residual
from diffusion_lessons.toys.grid_density import GridDensity
from diffusion_lessons.toys.imperfect import Flawed
from diffusion_lessons.toys.mixtures import ConditionalMixture, ExactDenoiser, GaussianMixture, point_masses
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1
from diffusion_lessons.toys.reverse_step import total_variation, unscaled_ddpm
from diffusion_lessons.toys.shapes import checkerboard, moons, rings, spiral, swiss_roll
from diffusion_lessons.toys.step_count_rule import last_step_errors
from diffusion_lessons.toys.straightness import crossings, excess_length, straightness
from diffusion_lessons.toys.tilted import Tilted, density_ratio, guided_density, guided_ode_std
from diffusion_lessons.toys.worked_example import worked_example, worked_path

__all__ = [
    "Blurred",
    "ConditionalMixture",
    "ConsistencyFunction",
    "ExactDenoiser",
    "Flawed",
    "GaussianMixture",
    "GridDensity",
    "ReflowedFlow",
    "Tilted",
    "bayes_loss",
    "checkerboard",
    "crossings",
    "density_ratio",
    "exact_flow",
    "excess_length",
    "excess_loss",
    "flow_map",
    "fokker_planck_residual",
    "gaussian_quantiles",
    "guided_density",
    "guided_ode_std",
    "last_step_errors",
    "moons",
    "point_masses",
    "progressive_student",
    "rings",
    "spiral",
    "straightness",
    "swiss_roll",
    "total_variation",
    "unscaled_ddpm",
    "wasserstein_1",
    "worked_example",
    "worked_path",
]
