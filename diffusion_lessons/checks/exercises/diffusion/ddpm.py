"""Exercises on DDPM's step: the step itself, and its two variances (lesson 03)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import large_std, posterior_mean, two_level_path, x0_from_eps
from diffusion_lessons.checks.portable.inputs import batch, noisy_step, two_levels


def _ddpm(x, eps, z, ab_t, ab_s):
    path, t, s = two_level_path(ab_t, ab_s)
    beta, ratio = path.step_variance(t, s), path.alpha(t) / path.alpha(s)
    mean = (np.asarray(x) - beta / path.sigma(t) * np.asarray(eps)) / ratio
    return mean + math.sqrt(beta) * np.asarray(z) if path.sigma(s) > 0 else mean


def _levels_subtracted(x, eps, z, t, s):
    mean = (x - (s - t) / (1 - t) ** 0.5 * eps) / (1 - (s - t)) ** 0.5
    return mean if s == 1 else mean + (s - t) ** 0.5 * z


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
            lambda x, eps, z, ab_t, ab_s: x0_from_eps(x, eps, ab_t),
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
            "That is the posterior's own variance, DDPM's other choice. The large one was asked for, with which a "
            "wrong last step shows.",
        ),
        Mistake(
            "no fresh noise",
            lambda x, eps, z, t, s: posterior_mean(x, eps, t, s),
            "You return the mean. An ancestral step draws from a distribution around it.",
        ),
        Mistake(
            "the deterministic step",
            lambda x, eps, z, t, s: s**0.5 * x0_from_eps(x, eps, t) + (1 - s) ** 0.5 * eps,
            "That is the step of DDIM, which puts the predicted noise back. DDPM draws from a distribution "
            "around a mean.",
        ),
        Mistake(
            "the clean estimate noised anew",
            lambda x, eps, z, t, s: s**0.5 * x0_from_eps(x, eps, t) + (1 - s) ** 0.5 * z,
            "You noise x0_hat with fresh noise alone. x_s and x_t share noise: most of what is in x_t stays.",
        ),
        Mistake(
            "alpha_bars subtracted",
            lambda x, eps, z, t, s: (
                (x - (s - t) / (1 - t) ** 0.5 * eps) / (1 - (s - t)) ** 0.5 + (0 if s == 1 else (s - t) ** 0.5) * z
            ),
            "You take beta = alpha_bar_s - alpha_bar_t. Levels multiply along the chain: a step's own retention"
            " is their ratio.",
        ),
        Mistake(
            "predicted noise taken away, random noise put in",
            lambda x, eps, z, t, s: x - eps + z,
            "That is how the step is described in one sentence, but every term has a factor: one step removes little "
            "of the noise, and what is left is scaled.",
        ),
        Mistake(
            "the shrinking not undone",
            lambda x, eps, z, t, s: x - (1 - t / s) / (1 - t) ** 0.5 * eps + large_std(t, s) * z,
            "The forward step multiplied the signal by a number below 1. Where do you undo it?",
        ),
        Mistake(
            "alpha_bar_t for the step's own retention",
            lambda x, eps, z, t, s: x0_from_eps(x, eps, t) + (large_std(t, s) > 0) * (1 - t) ** 0.5 * z,
            "Your step goes all the way to the clean sample. Between t and s only alpha_bar_t / alpha_bar_s is lost.",
        ),
    ],
    "Mean first: remove beta / sigma_t of the predicted noise and undo the shrinking from s to t. Then the noise.",
)


def _variances(ab_t, ab_s):
    path, t, s = two_level_path(ab_t, ab_s)
    return [path.posterior_variance(t, s), path.step_variance(t, s)]


def _beta(ab_t, ab_s):
    return 1 - ab_t / ab_s


DDPM_VARIANCES = Exercise(
    "ddpm_variances(alpha_bar_t, alpha_bar_s)",
    "The two variances of DDPM's step from t to s, [small, large]: the posterior's own and beta.",
    "lesson 03, small or large",
    _variances,
    [
        Part("a step between two levels", two_levels, draws=3),
        Part("a step to clean data", lambda rng: (two_levels(rng)[0], 1.0), lambda ab_t, ab_s: [0.0, 1 - ab_t]),
    ],
    [
        Mistake(
            "standard deviations",
            lambda t, s: [v**0.5 for v in (_beta(t, s) * (1 - s) / (1 - t), _beta(t, s))],
            "These are what unit noise is multiplied by. The variances were asked for.",
        ),
        Mistake(
            "the large one first",
            lambda t, s: [_beta(t, s), _beta(t, s) * (1 - s) / (1 - t)],
            "Both values are right, but in the wrong order.",
        ),
        Mistake(
            "all the noise that x_t holds",
            lambda t, s: [(1 - t) * (1 - s) / (1 - t), 1 - t],
            "1 - alpha_bar_t is the noise since clean data. How much came between s and t only?",
        ),
        Mistake(
            "alpha_bars subtracted",
            lambda t, s: [(s - t) * (1 - s) / (1 - t), s - t],
            "From s to t the data are multiplied by sqrt(alpha_bar_t / alpha_bar_s): the step's own retention is a "
            "ratio.",
        ),
        Mistake(
            "the ratio of the noises upside down",
            lambda t, s: [_beta(t, s) * (1 - t) / (1 - s) if s < 1 else float("inf"), _beta(t, s)],
            "Your small variance is larger than the large one. On the step to clean data it should be 0.",
        ),
        Mistake(
            "the ratio of standard deviations",
            lambda t, s: [_beta(t, s) * ((1 - s) / (1 - t)) ** 0.5, _beta(t, s)],
            "beta shrinks by a ratio of variances, sigma_s^2 / sigma_t^2.",
        ),
    ],
    "beta = 1 - alpha_bar_t / alpha_bar_s; the small one is beta times (1 - alpha_bar_s) / (1 - alpha_bar_t).",
)
