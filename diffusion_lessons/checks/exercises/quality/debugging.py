"""Exercises on debugging: a yardstick, a probe, three unnamed patients, and a mended one (lesson 17)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import guidance_scale
from diffusion_lessons.clinic.faults import FAULTS, names_for


def _linear_loss(variances, level):
    variances = np.asarray(variances)
    return np.mean(variances * level**2 / (variances + level**2))


LINEAR_LOSS = Exercise(
    "linear_loss(variances, level)",
    "The mean squared error of the best linear denoiser at this noise level, for Gaussian data with these variances "
    "along their principal axes.",
    "lesson 17, a yardstick",
    _linear_loss,
    [
        Part("several axes", lambda rng: (rng.uniform(0.1, 2.0, 6), float(rng.uniform(0.3, 2.0)))),
        Part("one axis", lambda rng: (rng.uniform(0.1, 2.0, 1), float(rng.uniform(0.3, 2.0)))),
        Part(
            "an axis along which nothing varies costs nothing",
            lambda rng: (np.zeros(3), float(rng.uniform(0.3, 2.0))),
            lambda variances, level: 0.0,
        ),
    ],
    [
        Mistake(
            "level not squared",
            lambda v, level: np.mean(np.asarray(v) * level / (np.asarray(v) + level)),
            "The level is a standard deviation. What is the variance of the noise?",
        ),
        Mistake(
            "the sum over all axes",
            lambda v, level: np.sum(np.asarray(v) * level**2 / (np.asarray(v) + level**2)),
            "That is the error of a whole image. A loss is the mean over its numbers.",
        ),
        Mistake(
            "what is kept, not what is lost",
            lambda v, level: np.mean(np.asarray(v) ** 2 / (np.asarray(v) + level**2)),
            "You have the variance of the estimate. Together with the error it gives the variance of the data.",
        ),
        Mistake(
            "one variance for all axes",
            lambda v, level: np.mean(v) * level**2 / (np.mean(v) + level**2),
            "You averaged the variances first. A denoiser knows each axis: take the mean of the errors.",
        ),
        Mistake(
            "the noise itself",
            lambda v, level: np.mean(np.asarray(v) * 0 + level**2),
            "That is the error of doing nothing. With a prior one can do better.",
        ),
    ],
    "Of one axis with variance w and noise of variance L^2, the posterior's variance is 1 / (1/w + 1/L^2).",
)


def _signal_and_noise(x, picture):
    x, picture = np.asarray(x), np.asarray(picture)
    signal = np.mean(x @ picture) / np.sum(picture**2)
    return [signal, np.sqrt(np.mean((x - signal * picture) ** 2))]


def _batch_with_picture(rng, noise=True):
    picture = rng.uniform(0.5, 1.5, 8) * rng.choice([-1, 1], 8)
    x = float(rng.uniform(0.2, 0.9)) * picture + (0.4 * rng.standard_normal((5, 8)) if noise else np.zeros((5, 8)))
    return x, picture


SIGNAL_AND_NOISE = Exercise(
    "signal_and_noise(x, picture)",
    "What a batch x [B, d] holds of a known picture [d]: [the factor a in front of it, the root mean square of x - a "
    "picture]. a is the least-squares one, of the whole batch.",
    "lesson 17, is it the sampler?",
    _signal_and_noise,
    [
        Part("a noisy batch", _batch_with_picture),
        Part("a batch without noise", lambda rng: _batch_with_picture(rng, noise=False)),
    ],
    [
        Mistake(
            "not divided by the picture's power",
            lambda x, p: [np.mean(x @ p), np.sqrt(np.mean((x - np.mean(x @ p) * p) ** 2))],
            "For x = picture the factor should be 1.",
        ),
        Mistake(
            "divided by the number of pixels",
            lambda x, p: [np.mean(x * p), np.sqrt(np.mean((x - np.mean(x * p) * p) ** 2))],
            "That is right for a picture of -1 and 1 only. What is the sum of this picture's squares?",
        ),
        Mistake(
            "a variance",
            lambda x, p: [_signal_and_noise(x, p)[0], _signal_and_noise(x, p)[1] ** 2],
            "sigma is a standard deviation, and you give its square.",
        ),
        Mistake(
            "the spread of x, picture included",
            lambda x, p: [_signal_and_noise(x, p)[0], np.sqrt(np.mean(np.asarray(x) ** 2))],
            "Take the picture away before you measure the noise.",
        ),
        Mistake(
            "in the other order",
            lambda x, p: _signal_and_noise(x, p)[::-1],
            "Signal first, then noise.",
        ),
    ],
    "The factor that makes |x - a picture|^2 smallest is <x, picture> / <picture, picture>, averaged over the batch.",
)


LOOKS_LIKE = {  # what somebody names who has seen samples only
    "clip_inside": "null_untrained",
    "late_start": "data_range",
    "wrong_alpha": "time_units",
    "last_noise": "train_mode",
    "train_mode": "ema_unused",
    "half_time": "ema_unused",
    "v_as_eps": "time_units",
    "time_units": "v_as_eps",
    "data_range": "late_start",
    "labels_shuffled": "null_untrained",
    "null_untrained": "labels_shuffled",
    "ema_unused": "train_mode",
}
DIAGNOSES = Exercise(
    "diagnoses(patients)",
    "The names of the faults of your three patients, in their order: [of sampling, of the network, of training].",
    "lesson 17, three patients of your own",
    lambda patients: names_for(patients),
    [Part("your three patients", lambda rng: (int(rng.integers(10**6)),), draws=1)],
    [
        Mistake(
            "judged by their samples",
            lambda patients: [LOOKS_LIKE[name] for name in names_for(patients)],
            "These faults draw samples much like those of your patients. Which measurement tells them apart?",
        ),
        Mistake(
            "in another order",
            lambda patients: names_for(patients)[::-1],
            "The faults are these. The first patient's is one of sampling, the last one's of training.",
        ),
        Mistake(
            "titles in place of names",
            lambda patients: [FAULTS[name].title for name in names_for(patients)],
            'These are titles; give the names, such as "late_start".',
        ),
    ],
    "Look at each in the order of the lesson, and stop where the first figure differs from the healthy one.",
)


def _guide_then_clip(x0_uncond, x0_cond, scale):
    u, c = np.asarray(x0_uncond), np.asarray(x0_cond)
    return np.clip(u + scale * (c - u), -1, 1)


def _estimates(rng):
    return 1.5 * rng.standard_normal((3, 2, 2)), 1.5 * rng.standard_normal((3, 2, 2)), guidance_scale(rng)


GUIDE_THEN_CLIP = Exercise(
    "guide_then_clip(x0_uncond, x0_cond, scale)",
    "The guided estimate of the clean image, in [-1, 1], from those without and with a condition.",
    "lesson 17, mend one",
    _guide_then_clip,
    [
        Part("estimates out of range", _estimates),
        Part("at scale 1 it is the conditional one", lambda rng: (*_estimates(rng)[:2], 1.0)),
        Part("estimates in range", lambda rng: (*(0.3 * e for e in _estimates(rng)[:2]), 1.2)),
    ],
    [
        Mistake(
            "clipped before they are blended",
            lambda u, c, s: np.clip(u, -1, 1) + s * (np.clip(c, -1, 1) - np.clip(u, -1, 1)),
            "That is the fault itself: what is cut off first, guidance cannot amplify. And where is your result?",
        ),
        Mistake(
            "clipped before and after",
            lambda u, c, s: np.clip(np.clip(u, -1, 1) + s * (np.clip(c, -1, 1) - np.clip(u, -1, 1)), -1, 1),
            "The result lies in the range, but the two estimates were cut before they were compared.",
        ),
        Mistake("not clipped", lambda u, c, s: u + s * (c - u), "Guidance takes the estimate out of the data's range."),
        Mistake(
            "roles swapped",
            lambda u, c, s: np.clip(c + s * (u - c), -1, 1),
            "You move away from the condition. At scale 1 the conditional estimate should come out.",
        ),
        Mistake(
            "clipped to [0, 1]",
            lambda u, c, s: np.clip(u + s * (c - u), 0, 1),
            "In which range are the images of this course?",
        ),
        Mistake(
            "Ho and Salimans' w",
            lambda u, c, s: np.clip((1 + s) * c - s * u, -1, 1),
            "Their w is our scale less 1 (lesson 07).",
        ),
    ],
    "Blend as in lesson 07, then keep the result in the range.",
)
