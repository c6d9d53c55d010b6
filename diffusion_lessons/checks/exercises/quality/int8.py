"""Exercises on whole numbers of 8 bits: what a tensor becomes, and how far off that can be (lesson 12)."""

import numpy as np
import torch

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.optimise.int8 import quantise

LARGEST = 127  # of the whole numbers -127..127


def _weights(rng):
    """[3, 4] of both signs, in which the number of the largest size is negative."""
    x = rng.uniform(-1.0, 1.0, (3, 4))
    x[int(rng.integers(3)), int(rng.integers(4))] = -1.5 - rng.uniform()
    return (x,)


def _with_an_outlier(rng):
    (x,) = _weights(rng)
    x[0] *= 40
    return (x,)


def _rounded(x, step):
    return np.round(x / step) * step


def _step(x):
    return np.abs(x).max() / LARGEST


INT8_VALUES = Exercise(
    "int8_values(x)",
    "What the numbers x stand for once they are whole numbers of 8 bits: step is the largest |x| divided by 127, "
    "q = round(x / step), and the result is q step.",
    "lesson 12, eight bits",
    lambda x: quantise(torch.as_tensor(np.asarray(x)), symmetric=True).values.numpy(),
    [
        Part("numbers of both signs", _weights),
        Part("one row far larger than the others", _with_an_outlier),
        Part("only numbers below zero", lambda rng: (-rng.uniform(0.5, 1.0, (2, 3)),)),
    ],
    [
        Mistake(
            "divided by 128",
            lambda x: _rounded(x, np.abs(x).max() / 128),
            "The whole numbers go from -127 to 127: how many steps are there from 0 to the largest?",
        ),
        Mistake(
            "the range from the lowest to the highest",
            lambda x: _rounded(x, (x.max() - x.min()) / 255),
            "You share out the range between the lowest and the highest. Here the grid lies evenly about 0.",
        ),
        Mistake(
            "the largest, not the largest size",
            lambda x: np.clip(np.round(x / (np.abs(x.max()) / LARGEST)), -LARGEST, LARGEST) * np.abs(x.max()) / LARGEST,
            "A number below zero may be the largest in size. Yours is cut off.",
        ),
        Mistake(
            "cut off instead of rounded",
            lambda x: np.trunc(x / _step(x)) * _step(x),
            "You drop what stands behind the point. The nearest whole number is at most half a step away.",
        ),
        Mistake(
            "the whole numbers themselves",
            lambda x: np.round(x / _step(x)),
            "These are the whole numbers q. What do they stand for?",
        ),
        Mistake(
            "a step for each row",
            lambda x: np.stack([_rounded(row, _step(row)) for row in np.asarray(x)]),
            "You give each row a step of its own, which is better and comes next. Here all share one.",
        ),
    ],
    "Three lines: the step, the rounding, and back.",
)

ROUNDING_BOUND = Exercise(
    "rounding_bound(x)",
    "By how much a number of x can differ from what it stands for in int8, at most, whatever the number: from the step "
    "alone. step is the largest |x| divided by 127.",
    "lesson 12, eight bits",
    lambda x: float(quantise(torch.as_tensor(np.asarray(x)), symmetric=True).step.max()) / 2,
    [
        Part("numbers of both signs", _weights),
        Part("an outlier", _with_an_outlier),
        Part("127 itself", lambda rng: (np.array([127.0, rng.uniform(1, 2)]),), lambda x: 0.5),
    ],
    [
        Mistake("a whole step", lambda x: _step(x), "A number between two grid points goes to the nearer one."),
        Mistake(
            "what happened",
            lambda x: np.abs(x - _rounded(x, _step(x))).max(),
            "That is the largest error of these numbers. A bound holds for any number in the range.",
        ),
        Mistake(
            "the grid of 255",
            lambda x: (x.max() - x.min()) / 255 / 2,
            "That is the grid for a range that is not even about 0. Which step has this one?",
        ),
        Mistake(
            "relative to the largest", lambda x: 1 / 254, "Relative to the largest number; in the unit of x it is?"
        ),
    ],
    "How far is a point from the nearest of two neighbours, at worst?",
)
