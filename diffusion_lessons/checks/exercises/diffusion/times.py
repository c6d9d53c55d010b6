"""The exercise on the times that a sampler visits (lesson 04)."""

import numpy as np

from diffusion_lessons import grids
from diffusion_lessons.checks.exercise import Exercise, Mistake, Part


def _trailing(T, steps):
    return [*(round(T * k / steps) for k in range(steps, 0, -1)), 0]


def _uneven(rng):
    return int(rng.choice([1000, 500, 100])), int(rng.choice([6, 7, 9, 11, 12, 13]))  # no time ends in one half


STRIDED_TIMES = Exercise(
    "strided_times(T, steps)",
    "The times of a sampler that takes `steps` steps on a path of T whole times: from T down to 0, evenly, each "
    "rounded to the nearest whole number.",
    "lesson 04, any subset of the times",
    lambda T, steps: grids.whole_times(T, steps, "trailing"),
    [
        Part("steps that do not divide T", _uneven, draws=3),
        Part("many steps", lambda rng: (100, int(rng.choice([13, 17, 19, 21, 23, 27])))),
        Part("steps that do divide it", lambda rng: (1000, int(rng.choice([4, 5, 10, 20, 50])))),
        Part("one step", lambda rng: (1000, 1), lambda T, steps: [1000, 0], draws=1),
    ],
    [
        Mistake(
            "steps of T // steps, from T",
            lambda T, n: [T - k * (T // n) for k in range(n + 1)],
            "Where the steps do not divide T, yours ends above 0: the last noise is never removed.",
        ),
        Mistake(
            "steps of T // steps, until 0",
            lambda T, n: list(range(T, -1, -(T // n))),
            "Where the steps do not divide T, yours takes more steps than were asked for. Count the evaluations.",
        ),
        Mistake(
            "0 left out",
            lambda T, n: _trailing(T, n)[:-1],
            "Your list stops before clean data. `steps` steps join `steps` + 1 times.",
        ),
        Mistake(
            "one step too few",
            lambda T, n: np.round(np.linspace(T, 0, n)).tolist() if n > 1 else [T],
            "You list as many times as there are steps, with the 0 among them: one evaluation is missing.",
        ),
        Mistake(
            "one step too many",
            lambda T, n: _trailing(T, n + 1),
            "You take one step more than was asked for. `steps` steps join `steps` + 1 times.",
        ),
        Mistake(
            "from data to noise",
            lambda T, n: _trailing(T, n)[::-1],
            "A sampler starts at noise: time runs down.",
        ),
        Mistake(
            "rounded down",
            lambda T, n: [T * k // n for k in range(n, -1, -1)],
            "Close: your times are rounded down, not to the nearest whole number.",
        ),
        Mistake(
            "starting below T",
            lambda T, n: [*(1 + (k - 1) * (T // n) for k in range(n, 0, -1)), 0],
            "This is the `leading` grid: its first time is below T, though x_T is pure noise. Start at T.",
        ),
    ],
    "steps + 1 times, the first T and the last 0. Use the exact fractions and round last.",
)
