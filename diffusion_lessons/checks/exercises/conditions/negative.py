"""Exercises on negative conditions, and on a ratio of densities that is no density (lesson 08)."""

import math

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import blend
from diffusion_lessons.checks.portable.inputs import batch, guidance_scale, number

NEGATIVE_GUIDE = Exercise(
    "negative_guide(eps_uncond, eps_positive, eps_negative, scale)",
    "The guided noise with a negative condition: towards the positive, away from the negative.",
    "lesson 08, pushing away",
    lambda u, p, n, s: blend(n, p, s),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), number(rng), guidance_scale(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), batch(rng), guidance_scale(rng))),
        Part(
            "scale 1 is the positive condition",
            lambda rng: (number(rng), number(rng), number(rng), 1.0),
            lambda u, p, n, s: p,
        ),
    ],
    [
        Mistake(
            "negative ignored",
            lambda u, p, n, s: blend(u, p, s),
            "This is guidance without a negative: eps_negative does not appear in it.",
        ),
        Mistake(
            "negative subtracted as well",
            lambda u, p, n, s: u + s * (p - n),
            "You start at the unconditional and push twice, which takes three passes a step, and at scale 1 this is "
            "not the positive condition. A negative prompt needs two passes: which one can go?",
        ),
        Mistake(
            "positive and negative exchanged",
            lambda u, p, n, s: blend(p, n, s),
            "Yours moves towards what should be avoided.",
        ),
        Mistake(
            "negative amplified",
            lambda u, p, n, s: p - s * n,
            "At scale 0 yours is the positive condition and at 1 already far from it. The weights should add up to 1.",
        ),
    ],
    "One of the three predictions is not needed. Which one does the negative replace?",
)


def _largest_scale(u, c):
    return c**2 / (c**2 - u**2) if c > u else math.inf


def _wider(rng):
    return tuple(rng.uniform([0.5, 1.2], [0.8, 2.0]).tolist())


LARGEST_SCALE = Exercise(
    "largest_scale(std_u, std_c)",
    "The scale from which on p_u^(1-s) p_c^s of two zero-mean Gaussians cannot be normalised any more; math.inf if "
    "it can at every scale from 0 up.",
    "lesson 08, a ratio that is no density",
    _largest_scale,
    [
        Part("a condition wider than the data", _wider, draws=3),
        Part("a condition narrower than the data", lambda rng: _wider(rng)[::-1], lambda *_: math.inf),
    ],
    [
        Mistake(
            "standard deviations for variances",
            lambda u, c: c / (c - u) if c > u else math.inf,
            "In the exponent of a Gaussian stands x^2 over its *variance*.",
        ),
        Mistake(
            "a narrower condition forgotten",
            lambda u, c: c**2 / (c**2 - u**2),
            "With a condition narrower than the data yours is negative. At which positive scale does that one fail?",
        ),
        Mistake(
            "always normalised",
            lambda u, c: math.inf,
            "A power of a wide Gaussian is divided by a power of a narrower one: look far out.",
        ),
        Mistake(
            "weights exchanged",
            lambda u, c: u**2 / (c**2 - u**2) if c > u else math.inf,
            "At your scale the density still exists. Which of the two has the exponent 1 - s?",
        ),
    ],
    "Add up the coefficients of -x^2 / 2 in the logarithm. Where does their sum reach 0?",
)
