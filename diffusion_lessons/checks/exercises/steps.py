"""Exercises on one step of DDPM and of DDIM (lessons 03 and 04)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.noise import level_path
from diffusion_lessons.checks.portable.inputs import batch, number, tensor, two_levels
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.ddim import ddim_step
from diffusion_lessons.schedules import from_alpha_bar


def two_level_path(ab_t: float, ab_s: float) -> tuple[Path, float, float]:
    """A path that passes these two levels, and its times t > s."""
    return (from_alpha_bar([1.0, ab_t]), 1.0, 0.0) if ab_s == 1 else (from_alpha_bar([ab_s, ab_t]), 2.0, 1.0)


def see_x0(x, eps, ab):
    return (x - (1 - ab) ** 0.5 * eps) / ab**0.5


def ddim(x, eps, ab_t, ab_s):
    seen = Estimate(see_x0(tensor(x), tensor(eps), ab_t), tensor(eps))
    return seen.x0 if ab_s == 1 else ddim_step(seen, level_path(ab_s), 1.0)


def _ddpm(x, eps, z, ab_t, ab_s):
    path, t, s = two_level_path(ab_t, ab_s)
    beta, ratio = path.step_variance(t, s), path.alpha(t) / path.alpha(s)
    mean = (np.asarray(x) - beta / path.sigma(t) * np.asarray(eps)) / ratio
    return mean + math.sqrt(beta) * np.asarray(z) if path.sigma(s) > 0 else mean


def _step(rng, draw=number):
    return draw(rng), draw(rng), *two_levels(rng)


def noisy_step(rng, draw=number):
    return draw(rng), draw(rng), draw(rng), *two_levels(rng)


def posterior_mean(x, eps, ab_t, ab_s):
    kept = ab_t / ab_s
    return (x - (1 - kept) / (1 - ab_t) ** 0.5 * eps) / kept**0.5


def large_std(ab_t, ab_s):
    return (1 - ab_t / ab_s) ** 0.5 if ab_s < 1 else 0.0


DDPM_STEP = Exercise(
    "ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s)",
    "DDPM's ancestral step with the large variance beta = 1 - alpha_bar_t / alpha_bar_s: x_s from x_t = x, the "
    "predicted noise eps and fresh noise z. Nothing fresh is added on the step to clean data, alpha_bar_s = 1.",
    "lesson 03, the ancestral step",
    _ddpm,
    [
        Part("numbers", noisy_step),
        Part("batches of images", lambda rng: noisy_step(rng, batch)),
        Part(
            "no noise on the last step",
            lambda rng: (*noisy_step(rng)[:4], 1.0),
            lambda x, eps, z, ab_t, ab_s: see_x0(x, eps, ab_t),
        ),
    ],
    [
        Mistake(
            "noise on the last step",
            lambda x, eps, z, t, s: posterior_mean(x, eps, t, s) + (1 - t / s) ** 0.5 * z,
            "On the step to clean data yours adds noise, and nothing comes after to remove it.",
        ),
        Mistake(
            "noise scaled by beta",
            lambda x, eps, z, t, s: posterior_mean(x, eps, t, s) + large_std(t, s) ** 2 * z,
            "beta is the variance of what is added. What do you multiply unit noise by?",
        ),
        Mistake(
            "the small variance",
            lambda x, eps, z, t, s: posterior_mean(x, eps, t, s) + large_std(t, s) * ((1 - s) / (1 - t)) ** 0.5 * z,
            "That is the posterior's own variance, DDPM's other choice. The large one was asked for, in which a wrong "
            "last step shows.",
        ),
        Mistake(
            "no fresh noise",
            lambda x, eps, z, t, s: posterior_mean(x, eps, t, s),
            "You return the mean. An ancestral step draws from a distribution around it.",
        ),
        Mistake(
            "predicted noise taken away, random noise put in",
            lambda x, eps, z, t, s: x - eps + z,
            "That is how the step is told in one sentence, but every term has a factor: one step removes little of the "
            "noise, and what is left is scaled.",
        ),
        Mistake(
            "the shrinking not undone",
            lambda x, eps, z, t, s: x - (1 - t / s) / (1 - t) ** 0.5 * eps + large_std(t, s) * z,
            "The forward step multiplied the signal by a number below 1. Where do you undo it?",
        ),
        Mistake(
            "alpha_bar_t for the step's own retention",
            lambda x, eps, z, t, s: see_x0(x, eps, t) + (large_std(t, s) > 0) * (1 - t) ** 0.5 * z,
            "Your step goes all the way to the clean sample. Between t and s only alpha_bar_t / alpha_bar_s is lost.",
        ),
    ],
    "Mean first: remove beta / sigma_t of the predicted noise and undo the shrinking from s to t. Then the noise.",
)

DDIM_STEP = Exercise(
    "ddim_step(x, eps, alpha_bar_t, alpha_bar_s)",
    "DDIM's deterministic step: x_s from x_t = x and the predicted noise eps.",
    "lesson 04, the one-line update",
    ddim,
    [
        Part("numbers", _step),
        Part("batches of images", lambda rng: _step(rng, batch)),
        Part(
            "a step to clean data returns x0_hat",
            lambda rng: (*_step(rng)[:3], 1.0),
            lambda x, eps, t, _: see_x0(x, eps, t),
        ),
        Part(
            "a step to the same level changes nothing",
            lambda rng: (lambda x, eps, t, _: (x, eps, t, t))(*_step(rng)),
            lambda x, *_: x,
        ),
    ],
    [
        Mistake(
            "direction term forgotten",
            lambda x, eps, t, s: s**0.5 * see_x0(x, eps, t),
            "You shrink x0_hat to its size at s but put no noise back, so x_s is cleaner than level s is meant to be.",
        ),
        Mistake(
            "direction taken at t",
            lambda x, eps, t, s: s**0.5 * see_x0(x, eps, t) + (1 - t) ** 0.5 * eps,
            "You put back as much noise as there was. At which level is the result meant to be?",
        ),
        Mistake(
            "signal taken at t",
            lambda x, eps, t, s: t**0.5 * see_x0(x, eps, t) + (1 - s) ** 0.5 * eps,
            "The noise is that of level s, the signal still that of level t.",
        ),
        Mistake(
            "alpha_bar for alpha",
            lambda x, eps, t, s: s**0.5 * (x - (1 - t) ** 0.5 * eps) / t + (1 - s) ** 0.5 * eps,
            "Your x0_hat is too large: from the true noise it does not return x_0. Look at what you divide by.",
        ),
        Mistake(
            "the clean sample itself",
            lambda x, eps, t, s: see_x0(x, eps, t),
            "You stop at x0_hat. It is a first guess; put it back at level s and look again.",
        ),
        Mistake(
            "noise scaled by its variance",
            lambda x, eps, t, s: s**0.5 * see_x0(x, eps, t) + (1 - s) * eps,
            "1 - alpha_bar_s is a variance. What do you multiply unit noise by?",
        ),
        Mistake(
            "levels exchanged",
            lambda x, eps, t, s: t**0.5 * see_x0(x, eps, s) + (1 - t) ** 0.5 * eps,
            "You step from s up to t. x is at level t.",
        ),
        Mistake(
            "the noisy sample noised again",
            lambda x, eps, t, s: s**0.5 * x + (1 - s) ** 0.5 * eps,
            "You treat x as if it were clean. See the clean sample in it first.",
        ),
    ],
    "Two uses of one prediction: see the clean sample in x, then put it back at level s with the same noise.",
)


EXERCISES = (DDPM_STEP, DDIM_STEP)
