"""Exercises on one family of processes: the score, its noisy step, the eta of a step, and bits (lesson 16)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import batch, number

SCORE_FROM_X0 = Exercise(
    "score_from_x0(x, x0, alpha, sigma)",
    "The score at x, grad log p_t(x), from the clean sample x0_hat that a denoiser sees there.",
    "lesson 16, the score",
    lambda x, x0, alpha, sigma: (alpha * np.asarray(x0) - np.asarray(x)) / sigma**2,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), *_scales(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), *_scales(rng))),
        Part("at the noised estimate it is 0", lambda rng: _no_score(rng), lambda x, x0, alpha, sigma: 0.0),
    ],
    [
        Mistake(
            "pointing away from the data",
            lambda x, x0, alpha, sigma: (x - alpha * x0) / sigma**2,
            "Yours points where the density falls. Put an x to the right of alpha x0_hat: which way is the density "
            "larger?",
        ),
        Mistake(
            "sigma not squared",
            lambda x, x0, alpha, sigma: (alpha * x0 - x) / sigma,
            "That is -eps_hat: the noise, in units of sigma. The density of N(alpha x0, sigma^2) has the square in its "
            "exponent.",
        ),
        Mistake(
            "alpha forgotten",
            lambda x, x0, alpha, sigma: (x0 - x) / sigma**2,
            "x_t is spread around alpha x_0, not around x_0.",
        ),
        Mistake(
            "not divided",
            lambda x, x0, alpha, sigma: alpha * x0 - x,
            "The direction is right, the length is not: a narrow density is steep.",
        ),
        Mistake(
            "half of it",
            lambda x, x0, alpha, sigma: (alpha * x0 - x) / (2 * sigma**2),
            "Differentiate the square in the exponent: its 2 cancels the 1/2.",
        ),
    ],
    "Of N(x; alpha x_0, sigma^2) take the logarithm, then the derivative by x, and put x0_hat for x_0.",
)


def _scales(rng):
    """alpha and sigma whose squares do not add up to 1, so that neither can stand for the other."""
    return float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.3, 0.7))


def _no_score(rng):
    x0, (alpha, sigma) = number(rng), _scales(rng)
    return alpha * x0, x0, alpha, sigma


def _noisy(x0, eps, z, alpha, sigma, h, noise):
    kept = math.exp(-(noise**2) * h)
    return alpha * np.asarray(x0) + sigma * (kept * np.asarray(eps) + math.sqrt(1 - kept**2) * np.asarray(z))


def _step(rng, draw=number):
    return draw(rng), draw(rng), draw(rng), *_scales(rng), float(rng.uniform(0.2, 0.6)), float(rng.uniform(0.6, 1.6))


def _quiet(rng):
    return *_step(rng)[:6], 0.0


def _mix(keep, fresh):
    """A wrong step that keeps and freshens these shares of the noise, each a function of k and h."""
    return lambda x0, eps, z, alpha, sigma, h, k: alpha * x0 + sigma * (keep(k, h) * eps + fresh(k, h) * z)


NOISY_STEP = Exercise(
    "noisy_step(x0, eps, z, alpha, sigma, h, noise)",
    "The step of the family: x_s from the estimates x0_hat and eps_hat, fresh noise z, the alpha and sigma of s, the "
    "length h of the step in lambda, and the knob `noise`, k. Of the predicted noise the share e^(-k^2 h) is kept.",
    "lesson 16, one step for all of them",
    _noisy,
    [
        Part("numbers", _step),
        Part("batches of images", lambda rng: _step(rng, batch)),
        Part("without noise it is DDIM", _quiet, lambda x0, eps, z, alpha, sigma, h, k: alpha * x0 + sigma * eps),
    ],
    [
        Mistake(
            "k not squared",
            _mix(lambda k, h: math.exp(-k * h), lambda k, h: math.sqrt(1 - math.exp(-2 * k * h))),
            "k multiplies the noise, so the rate at which it comes in, a variance, has its square.",
        ),
        Mistake(
            "noise added on top",
            _mix(lambda k, h: 1.0, lambda k, h: math.sqrt(1 - math.exp(-2 * k**2 * h))),
            "You keep all of the predicted noise and add fresh noise as well: x_s is too wide. What must go?",
        ),
        Mistake(
            "shares of amplitude",
            _mix(lambda k, h: math.exp(-(k**2) * h), lambda k, h: 1 - math.exp(-(k**2) * h)),
            "Your two shares add up to 1. Independent noises add by their variances: it is the squares that do.",
        ),
        Mistake(
            "the kept share not squared",
            _mix(lambda k, h: math.exp(-(k**2) * h), lambda k, h: math.sqrt(1 - math.exp(-(k**2) * h))),
            "You keep the share e^(-k^2 h) of the noise. Which share of its *variance* is that?",
        ),
        Mistake(
            "always deterministic",
            _mix(lambda k, h: 1.0, lambda k, h: 0.0),
            "That is k = 0, whatever k is. Where does z come in?",
        ),
        Mistake(
            "always fresh",
            _mix(lambda k, h: 0.0, lambda k, h: 1.0),
            "That is the limit of large k: nothing of the predicted noise is left.",
        ),
        Mistake(
            "in units of the data",
            lambda x0, eps, z, alpha, sigma, h, k: (
                alpha * x0 + math.exp(-(k**2) * h) * eps + math.sqrt(1 - math.exp(-2 * k**2 * h)) * z
            ),
            "eps_hat and z are unit noise. How much noise is there in x_s?",
        ),
    ],
    "x_s has the clean sample, alpha x0_hat, and noise of standard deviation sigma, of which a share is old and the "
    "rest fresh, their squares adding up to 1.",
)


def _eta(noise, h):
    return math.sqrt((1 - math.exp(-2 * noise**2 * h)) / (1 - math.exp(-2 * h)))


ETA_OF_NOISE = Exercise(
    "eta_of_noise(noise, h)",
    "The eta with which one step of DDIM, of length h in lambda, is the step of the family with the knob at `noise`. "
    "DDIM's fresh noise has the variance eta^2 sigma_s^2 (1 - e^(-2h)).",
    "lesson 16, one step for all of them",
    _eta,
    [
        Part("a knob and a step", lambda rng: (float(rng.uniform(1.2, 2.0)), float(rng.uniform(0.3, 0.8))), draws=3),
        Part("at 1 it is 1", lambda rng: (1.0, float(rng.uniform(0.3, 0.8))), lambda noise, h: 1.0),
        Part("without noise it is 0", lambda rng: (0.0, float(rng.uniform(0.3, 0.8))), lambda noise, h: 0.0),
    ],
    [
        Mistake(
            "the same number",
            lambda noise, h: noise,
            "That is right for very short steps only. Compare the variances of the fresh noise in both.",
        ),
        Mistake(
            "the square of it",
            lambda noise, h: (1 - math.exp(-2 * noise**2 * h)) / (1 - math.exp(-2 * h)),
            "You have the ratio of the variances. eta multiplies a standard deviation.",
        ),
        Mistake(
            "k not squared",
            lambda noise, h: math.sqrt((1 - math.exp(-2 * noise * h)) / (1 - math.exp(-2 * h))),
            "In the family's step the share that is kept is e^(-k^2 h).",
        ),
        Mistake(
            "the share that is kept",
            lambda noise, h: math.exp(-(noise**2) * h) / math.exp(-h) if noise else 0.0,
            "You compare how much of the old noise stays. eta says how much is fresh.",
        ),
        Mistake(
            "upside down",
            lambda noise, h: math.sqrt((1 - math.exp(-2 * h)) / (1 - math.exp(-2 * noise**2 * h))) if noise else 0.0,
            "More noise should mean a larger eta.",
        ),
    ],
    "Set sigma_s^2 (1 - e^(-2 k^2 h)) equal to the variance of DDIM's fresh noise and solve for eta.",
)


BITS_FROM_NATS = Exercise(
    "bits_from_nats(log_p, d)",
    "Bits per dimension of an image of d pixels with the natural log-probability log_p: what a code for it costs.",
    "lesson 16, how likely is this digit",
    lambda log_p, d: -np.asarray(log_p) / d / math.log(2),
    [
        Part("one image", lambda rng: (-float(rng.uniform(50, 200)), int(rng.integers(30, 90)))),
        Part("several images", lambda rng: (-rng.uniform(50, 200, 4), int(rng.integers(30, 90)))),
        Part(
            "a fair coin for each pixel is one bit",
            lambda rng: (lambda d: (-d * math.log(2), d))(int(rng.integers(30, 90))),
            lambda log_p, d: 1.0,
        ),
    ],
    [
        Mistake("nats", lambda log_p, d: -log_p / d, "The logarithm is natural; a bit is a factor of 2."),
        Mistake(
            "of the whole image", lambda log_p, d: -log_p / math.log(2), "These are the bits of all pixels together."
        ),
        Mistake(
            "a negative cost",
            lambda log_p, d: log_p / d / math.log(2),
            "What is likely costs few bits, what is unlikely many. A probability below 1 has a negative logarithm.",
        ),
        Mistake(
            "multiplied by ln 2",
            lambda log_p, d: -log_p / d * math.log(2),
            "log2 of y is ln y divided by ln 2: one nat is more than one bit.",
        ),
    ],
    "-log2 P is -ln P / ln 2; then share it among the pixels.",
)
