"""Exercises on the forward process: how data turn into noise (lesson 01)."""

import numpy as np
import torch

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import level_path
from diffusion_lessons.checks.portable.inputs import batch, level, number, tensor
from diffusion_lessons.schedules import ddpm_linear


def _forward(x0, eps, alpha_bar):
    if alpha_bar in (0.0, 1.0):
        return x0 if alpha_bar else eps
    return level_path(alpha_bar).add_noise(tensor(x0), tensor(eps), 1.0)


def _betas(rng):
    return rng.uniform(0.05, 0.4, size=5)


ALPHA_BAR = Exercise(
    "alpha_bar(betas)",
    "From the noise beta_t added at each step t = 1..T, the list of alpha_bar_t, t = 1..T.",
    "lesson 01, what alpha_bar means",
    lambda betas: np.cumprod(1 - betas),
    [
        Part("any betas", lambda rng: (_betas(rng),)),
        Part(
            "DDPM's thousand betas",
            lambda rng: (np.linspace(1e-4, 0.02, 1000),),
            lambda betas: ddpm_linear().alpha_bar(torch.arange(1.0, 1001.0, dtype=torch.float64)),
            draws=1,
        ),
    ],
    [
        Mistake(
            "a step's retention instead of the cumulative one",
            lambda betas: 1 - betas,
            "You give what a single step keeps. How much of x_0 is left after all the steps up to t?",
        ),
        Mistake(
            "noise added up",
            lambda betas: 1 - np.cumsum(betas),
            "You subtract the sum of the betas, which can fall below 0. Each step keeps a share of what is left.",
        ),
        Mistake(
            "a product of the betas",
            lambda betas: np.cumprod(betas),
            "You multiply what is added. Multiply what is kept.",
        ),
        Mistake(
            "alpha instead of alpha_bar",
            lambda betas: np.sqrt(np.cumprod(1 - betas)),
            "Your values are the factor in front of x_0. alpha_bar counts variances, not amplitudes.",
        ),
        Mistake(
            "clean data counted as a step",
            lambda betas: np.concatenate([[1.0], np.cumprod(1 - betas)]),
            "Your list has one entry more than there are steps. It starts after step 1, not before it.",
        ),
        Mistake(
            "the last value alone",
            lambda betas: np.prod(1 - betas),
            "That is alpha_bar after all the steps. The list holds one value for each step.",
        ),
        Mistake(
            "shifted by one step",
            lambda betas: np.concatenate([[1.0], np.cumprod(1 - betas)[:-1]]),
            "Your first value is that of clean data, before any step. The list starts after step 1.",
        ),
    ],
    "After one step a share 1 - beta_1 of the variance of x_0 is left. What does the next step do to that share?",
)


FORWARD = Exercise(
    "forward(x0, eps, alpha_bar)",
    "x_t from the clean x_0 and the noise eps, in one jump.",
    "lesson 01, one jump to any time",
    _forward,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), level(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), level(rng))),
        Part(
            "nothing happens where alpha_bar is 1", lambda rng: (number(rng), number(rng), 1.0), lambda x0, eps, _: x0
        ),
        Part("only noise is left where it is 0", lambda rng: (number(rng), number(rng), 0.0), lambda x0, eps, _: eps),
    ],
    [
        Mistake(
            "noise scaled by its variance",
            lambda x0, eps, ab: ab**0.5 * x0 + (1 - ab) * eps,
            "The variance of your x_t is not 1 for data of variance 1. What do you multiply unit noise by to give it "
            "a variance of 1 - alpha_bar?",
        ),
        Mistake(
            "signal scaled by alpha_bar",
            lambda x0, eps, ab: ab * x0 + (1 - ab) ** 0.5 * eps,
            "alpha_bar is the share of the *variance* that is left. Look at the factor of x_0.",
        ),
        Mistake(
            "both scaled by variances",
            lambda x0, eps, ab: ab * x0 + (1 - ab) * eps,
            "Your weights add up to 1; it is their squares that should.",
        ),
        Mistake(
            "signal and noise exchanged",
            lambda x0, eps, ab: (1 - ab) ** 0.5 * x0 + ab**0.5 * eps,
            "Where alpha_bar is 1 your result is pure noise. Which of the two is *kept*?",
        ),
        Mistake(
            "noise added to a signal that does not shrink",
            lambda x0, eps, ab: x0 + (1 - ab) ** 0.5 * eps,
            "Your variance grows beyond 1: on this path the signal shrinks while the noise grows.",
        ),
    ],
    "Two weights whose squares add up to 1, one of them falling with t. Test it: data of variance 1 must keep it.",
)


FORWARD_STEP = Exercise(
    "forward_step(x, eps, beta)",
    "One step of the noising chain: x_t from x_{t-1} = x, fresh noise eps and beta_t.",
    "lesson 01, one step at a time",
    lambda x, eps, beta: _forward(x, eps, 1 - beta),
    [
        Part("numbers", lambda rng: (number(rng), number(rng), float(rng.uniform(0.05, 0.5)))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), float(rng.uniform(0.05, 0.5)))),
    ],
    [
        Mistake(
            "noise scaled by beta",
            lambda x, eps, beta: (1 - beta) ** 0.5 * x + beta * eps,
            "beta is a variance. With beta = 0.035 your cloud ends at a standard deviation of about 0.16 instead of 1.",
        ),
        Mistake(
            "a signal that does not shrink",
            lambda x, eps, beta: x + beta**0.5 * eps,
            "Do this a thousand times and the variance has grown without end. What must happen to x?",
        ),
        Mistake(
            "both scaled by variances",
            lambda x, eps, beta: (1 - beta) * x + beta * eps,
            "Your weights add up to 1; it is their squares that should.",
        ),
        Mistake(
            "signal scaled by 1 - beta",
            lambda x, eps, beta: (1 - beta) * x + beta**0.5 * eps,
            "You shrink too much: unit variance does not stay 1. Compare the variance of both terms.",
        ),
        Mistake(
            "signal and noise exchanged",
            lambda x, eps, beta: beta**0.5 * x + (1 - beta) ** 0.5 * eps,
            "beta is small, so a step should change little. Yours replaces nearly everything.",
        ),
    ],
    "It is the jump of `forward`, where alpha_bar is what one step keeps: 1 - beta.",
)


PREDICT_X0 = Exercise(
    "predict_x0(x, eps, alpha_bar)",
    "The clean sample seen in x_t = x when the noise in it is eps.",
    "lesson 01, from the noise back to the data",
    lambda x, eps, ab: (np.asarray(x) - (1 - ab) ** 0.5 * np.asarray(eps)) / ab**0.5,
    [
        Part("numbers", lambda rng: (number(rng), number(rng), level(rng))),
        Part("batches of images", lambda rng: (batch(rng), batch(rng), level(rng))),
        Part("no noise to remove where alpha_bar is 1", lambda rng: (number(rng), number(rng), 1.0), lambda x, *_: x),
    ],
    [
        Mistake(
            "alpha_bar for alpha",
            lambda x, eps, ab: (x - (1 - ab) ** 0.5 * eps) / ab,
            "From the true noise you do not get x_0 back. What did the forward process multiply x_0 by?",
        ),
        Mistake(
            "only x divided",
            lambda x, eps, ab: x / ab**0.5 - (1 - ab) ** 0.5 * eps,
            "You divide x by alpha, but not the noise in it. Subtract first, then divide the whole of it: mind "
            "the parentheses.",
        ),
        Mistake(
            "the scale not undone",
            lambda x, eps, ab: x - (1 - ab) ** 0.5 * eps,
            "You removed the noise, but what is left is a shrunken x_0.",
        ),
        Mistake(
            "noise removed by its variance",
            lambda x, eps, ab: (x - (1 - ab) * eps) / ab**0.5,
            "You subtract too little noise. By what did the forward process multiply eps?",
        ),
        Mistake(
            "noise added instead of removed",
            lambda x, eps, ab: (x + (1 - ab) ** 0.5 * eps) / ab**0.5,
            "Look at the sign: x_t *contains* the noise already.",
        ),
        Mistake(
            "unscaled noise removed",
            lambda x, eps, ab: (x - eps) / ab**0.5,
            "x_t holds only a share of the unit noise eps, and you take away all of it.",
        ),
    ],
    "Write down how x_t was made and solve for x_0.",
)
