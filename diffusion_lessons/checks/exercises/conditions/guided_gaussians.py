"""Exercises on what guidance samples when the data are Gaussian (lesson 07)."""

import math

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import blend
from diffusion_lessons.checks.portable.inputs import guidance_scale, number
from diffusion_lessons.toys.tilted import guided_ode_std


def _two_gaussians(rng):
    return (*rng.uniform([0.8, 0.3], [1.2, 0.6]).tolist(), float(rng.uniform(1.5, 4.0)))


def _density_std(std_u, std_c, s):
    return ((1 - s) / std_u**2 + s / std_c**2) ** -0.5


GUIDED_MEAN = Exercise(
    "guided_mean(mean_u, mean_c, scale)",
    "Where guidance puts the mean when both the unconditional and the conditional data are Gaussian with one and the "
    "same standard deviation.",
    "lesson 07, where guided Gaussians end",
    blend,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), guidance_scale(rng))),
        Part("points", lambda rng: (rng.standard_normal(3), rng.standard_normal(3), guidance_scale(rng))),
        Part("scale 1 is conditional", lambda rng: (number(rng), number(rng), 1.0), lambda u, c, s: c),
    ],
    [
        Mistake(
            "the conditional mean",
            lambda u, c, s: c,
            "That is true at scale 1. Guided samples move beyond the mean of their class: by how much?",
        ),
        Mistake(
            "w taken for s",
            lambda u, c, s: blend(u, c, s + 1),
            "At scale 1 yours is already beyond the condition. Which convention is that?",
        ),
    ],
    "The same blend that holds for the predictions holds for the means.",
)


GUIDED_STD = Exercise(
    "guided_std(std_u, std_c, scale)",
    "The standard deviation at which the guided ODE ends, for zero-mean Gaussian data of standard deviations std_u "
    "(unconditional) and std_c (conditional), started from infinite noise.",
    "lesson 07, where guided Gaussians really end",
    guided_ode_std,
    [
        Part("numbers", _two_gaussians, draws=3),
        Part("scale 1 is conditional", lambda rng: (*_two_gaussians(rng)[:2], 1.0), lambda u, c, s: c),
        Part("equal ones stay", lambda rng: (0.7, 0.7, guidance_scale(rng)), lambda u, c, s: u),
    ],
    [
        Mistake(
            "the density's standard deviation",
            _density_std,
            "That belongs to the density p_u^(1-s) p_c^s, which guidance is said to sample. Measure it: the ODE ends "
            "elsewhere.",
        ),
        Mistake(
            "standard deviations blended",
            blend,
            "Along the ODE it is *rates* of shrinking that are blended, and rates multiply.",
        ),
        Mistake(
            "the condition's own",
            lambda u, c, s: c,
            "That is true at scale 1. Above it guided samples are narrower still, at the cost of diversity.",
        ),
        Mistake(
            "variances blended",
            lambda u, c, s: math.sqrt(max(blend(u**2, c**2, s), 0.0)),
            "At large scales your variance would fall below 0.",
        ),
        Mistake(
            "exponents exchanged",
            lambda u, c, s: u**s * c ** (1 - s),
            "At scale 1 yours is unconditional.",
        ),
    ],
    "The logarithm of the spread obeys the blend.",
)
