"""Exercises on fresh noise in DDIM's step (lesson 04)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.steps import ddim, large_std, noisy_step, posterior_mean, see_x0, two_level_path
from diffusion_lessons.checks.portable.inputs import batch, tensor, two_levels


def _std(t, s, eta):
    path, time, following = two_level_path(t, s)
    return eta * math.sqrt(path.posterior_variance(time, following))


def _eta_step(x, eps, z, t, s, eta):
    std = _std(t, s, eta)
    return s**0.5 * see_x0(x, eps, t) + (1 - s - std**2) ** 0.5 * np.asarray(eps) + std * np.asarray(z)


def _share(rng):
    return float(rng.uniform(0.3, 0.8))


DDIM_STD = Exercise(
    "ddim_std(alpha_bar_t, alpha_bar_s, eta)",
    "The standard deviation of the fresh noise in a DDIM step with this eta.",
    "lesson 04, eta",
    _std,
    [
        Part("numbers", lambda rng: (*two_levels(rng), _share(rng)), draws=3),
        Part("none with eta = 0", lambda rng: (*two_levels(rng), 0.0), lambda *_: 0.0),
        Part("none on the step to clean data", lambda rng: (two_levels(rng)[0], 1.0, _share(rng)), lambda *_: 0.0),
    ],
    [
        Mistake(
            "the variance",
            lambda t, s, eta: _std(t, s, eta) ** 2,
            "That is the square of what is asked. Check it with eta: half the eta, half the standard deviation.",
        ),
        Mistake(
            "the large variance",
            lambda t, s, eta: eta * large_std(t, s),
            "With eta = 1 this should be DDPM's small variance. You left out how much noise s has of that at t.",
        ),
        Mistake("eta left out", lambda t, s, eta: _std(t, s, 1.0), "Your result is that of eta = 1 for every eta."),
        Mistake(
            "levels exchanged in the ratio",
            lambda t, s, eta: eta * ((1 - t) / (1 - s)) ** 0.5 * (1 - t / s) ** 0.5 if s < 1 else 0.0,
            "More fresh noise than there may be at s: the ratio of the two noise levels stands on its head.",
        ),
    ],
    "eta times the root of the posterior variance: the noise at s over that at t, times what t adds to s.",
)

DDIM_ETA_STEP = Exercise(
    "ddim_eta_step(x, eps, z, alpha_bar_t, alpha_bar_s, eta)",
    "DDIM's step with a share of fresh noise z: x_s from x_t = x and the predicted noise eps.",
    "lesson 04, eta",
    _eta_step,
    [
        Part("numbers", lambda rng: (*noisy_step(rng), _share(rng))),
        Part("batches of images", lambda rng: (*noisy_step(rng, batch), _share(rng))),
        Part(
            "eta = 0 is the deterministic step",
            lambda rng: (*noisy_step(rng), 0.0),
            lambda x, eps, z, t, s, _: ddim(x, eps, t, s),
        ),
        Part(
            "eta = 1 is DDPM with the small variance",
            lambda rng: (*noisy_step(rng), 1.0),
            lambda x, eps, z, t, s, _: posterior_mean(x, eps, t, s) + ((1 - s) / (1 - t) * (1 - t / s)) ** 0.5 * z,
        ),
    ],
    [
        Mistake(
            "direction not shortened",
            lambda x, eps, z, t, s, eta: ddim(x, eps, t, s) + _std(t, s, eta) * tensor(z),
            "Fresh noise comes on top of all the old, so x_s is too noisy. One makes room for the other.",
        ),
        Mistake(
            "shortened by the standard deviation",
            lambda x, eps, z, t, s, eta: (
                s**0.5 * see_x0(x, eps, t) + abs(1 - s - _std(t, s, eta)) ** 0.5 * eps + _std(t, s, eta) * z
            ),
            "Under the root stand variances; you subtract a standard deviation.",
        ),
        Mistake(
            "fresh noise scaled by its variance",
            lambda x, eps, z, t, s, eta: _eta_step(x, eps, 0.0, t, s, eta) + _std(t, s, eta) ** 2 * z,
            "The old noise made room for a variance; the new fills less of it. What do you multiply z by?",
        ),
        Mistake(
            "fresh noise forgotten",
            lambda x, eps, z, t, s, eta: _eta_step(x, eps, 0.0, t, s, eta),
            "You made room for fresh noise and left it empty: z does not appear in your result.",
        ),
        Mistake(
            "eta without effect",
            lambda x, eps, z, t, s, eta: ddim(x, eps, t, s),
            "Your step is that of eta = 0, whatever eta is.",
        ),
    ],
    "The variances of old and fresh noise add up to 1 - alpha_bar_s.",
)

EXERCISES = (DDIM_STD, DDIM_ETA_STEP)
