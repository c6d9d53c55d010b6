"""Exercises on DDIM's step and on fresh noise in it (lesson 04)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import (
    large_std,
    level_path,
    posterior_mean,
    two_level_path,
    x0_from_eps,
)
from diffusion_lessons.checks.portable.inputs import batch, noisy_step, number, tensor, two_levels
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.samplers.ddim import ddim_step


def ddim(x, eps, ab_t, ab_s):
    estimate = Estimate(x0_from_eps(tensor(x), tensor(eps), ab_t), tensor(eps))
    return estimate.x0 if ab_s == 1 else ddim_step(estimate, level_path(ab_s), 1.0)


def _step(rng, draw=number):
    return draw(rng), draw(rng), *two_levels(rng)


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
            lambda x, eps, t, _: x0_from_eps(x, eps, t),
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
            lambda x, eps, t, s: s**0.5 * x0_from_eps(x, eps, t),
            "You shrink x0_hat to its size at s but put no noise back, so x_s is cleaner than level s is meant to be.",
        ),
        Mistake(
            "direction taken at t",
            lambda x, eps, t, s: s**0.5 * x0_from_eps(x, eps, t) + (1 - t) ** 0.5 * eps,
            "You add as much noise as there was. At which level is the result meant to be?",
        ),
        Mistake(
            "signal taken at t",
            lambda x, eps, t, s: t**0.5 * x0_from_eps(x, eps, t) + (1 - s) ** 0.5 * eps,
            "The noise is that of level s, the signal still that of level t.",
        ),
        Mistake(
            "all roots forgotten",
            lambda x, eps, t, s: s * (x - (1 - t) * eps) / t + (1 - s) * eps,
            "alpha_bar is a share of variance. What multiplies x_0 and eps in x_t are the roots of alpha_bar "
            "and 1 - alpha_bar, in all four places.",
        ),
        Mistake(
            "only x divided",
            lambda x, eps, t, s: s**0.5 * (x / t**0.5 - (1 - t) ** 0.5 * eps) + (1 - s) ** 0.5 * eps,
            "You divide x by alpha, but not the noise in it. For x0_hat subtract first, then divide the whole of it.",
        ),
        Mistake(
            "noise added instead of removed",
            lambda x, eps, t, s: s**0.5 * (x + (1 - t) ** 0.5 * eps) / t**0.5 + (1 - s) ** 0.5 * eps,
            "Your x0_hat has more noise than x. x_t contains the noise already: look at the sign.",
        ),
        Mistake(
            "only the noise divided",
            lambda x, eps, t, s: s**0.5 * (x - (1 - t) ** 0.5 * eps / t**0.5) + (1 - s) ** 0.5 * eps,
            "You divide the noise by alpha, but not x. For x0_hat subtract first, then divide: mind the parentheses.",
        ),
        Mistake(
            "noise taken away at s",
            lambda x, eps, t, s: s**0.5 * x0_from_eps(x, eps, t) - (1 - s) ** 0.5 * eps,
            "x_s = alpha x_0 + sigma eps has the same signs at every level. At level s the noise is put back.",
        ),
        Mistake(
            "alpha_bar for alpha",
            lambda x, eps, t, s: s**0.5 * (x - (1 - t) ** 0.5 * eps) / t + (1 - s) ** 0.5 * eps,
            "Your x0_hat is too large: from the true noise it does not return x_0. Look at what you divide by.",
        ),
        Mistake(
            "the clean sample itself",
            lambda x, eps, t, s: x0_from_eps(x, eps, t),
            "You stop at x0_hat. It is a first estimate; put it back at level s, where the network is evaluated again.",
        ),
        Mistake(
            "noise scaled by its variance",
            lambda x, eps, t, s: s**0.5 * x0_from_eps(x, eps, t) + (1 - s) * eps,
            "1 - alpha_bar_s is a variance. What do you multiply unit noise by?",
        ),
        Mistake(
            "levels exchanged",
            lambda x, eps, t, s: t**0.5 * x0_from_eps(x, eps, s) + (1 - t) ** 0.5 * eps,
            "You step from s up to t. x is at level t.",
        ),
        Mistake(
            "the noisy sample noised again",
            lambda x, eps, t, s: s**0.5 * x + (1 - s) ** 0.5 * eps,
            "You treat x as if it were clean. Estimate the clean sample first.",
        ),
    ],
    "Two uses of one prediction: estimate the clean sample from x, then put it back at level s with the same noise.",
)


def _std(t, s, eta):
    path, time, following = two_level_path(t, s)
    return eta * math.sqrt(path.posterior_variance(time, following))


def _eta_step(x, eps, z, t, s, eta):
    std = _std(t, s, eta)
    return s**0.5 * x0_from_eps(x, eps, t) + (1 - s - std**2) ** 0.5 * np.asarray(eps) + std * np.asarray(z)


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
            "That is the square of what is asked for. Check it: half the eta must give half the standard deviation.",
        ),
        Mistake(
            "eta times the variance",
            lambda t, s, eta: eta * _std(t, s, 1.0) ** 2,
            "eta multiplies the standard deviation. You take it times the variance.",
        ),
        Mistake(
            "the large variance",
            lambda t, s, eta: eta * large_std(t, s),
            "With eta = 1 this should be DDPM's small variance. You left out the ratio of the noise at s to that at t.",
        ),
        Mistake("eta left out", lambda t, s, eta: _std(t, s, 1.0), "Your result is that of eta = 1 for every eta."),
        Mistake(
            "levels exchanged in the ratio",
            lambda t, s, eta: eta * ((1 - t) / (1 - s)) ** 0.5 * (1 - t / s) ** 0.5 if s < 1 else 0.0,
            "That is more fresh noise than there may be at s: the ratio of the two noise levels is upside down.",
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
            "Your fresh noise comes on top of all the old, so x_s is too noisy. The old has to make room for it.",
        ),
        Mistake(
            "shortened by the standard deviation",
            lambda x, eps, z, t, s, eta: (
                s**0.5 * x0_from_eps(x, eps, t) + abs(1 - s - _std(t, s, eta)) ** 0.5 * eps + _std(t, s, eta) * z
            ),
            "The terms under the root are variances; you subtract a standard deviation.",
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
