"""Exercises on a whole chain: which times to visit, and the worked example (lesson 04)."""

from dataclasses import replace

import numpy as np

from diffusion_lessons import grids
from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.steps import see_x0
from diffusion_lessons.checks.portable.inputs import number
from diffusion_lessons.schedules import ddpm_linear
from diffusion_lessons.toys.worked_example import worked_example


def _trailing(T, steps):
    return [*(round(T * k / steps) for k in range(steps, 0, -1)), 0]


def _uneven(rng):
    return int(rng.choice([1000, 500, 100])), int(rng.choice([6, 7, 9, 11, 12, 13]))  # no time ends in one half


STRIDED_TIMES = Exercise(
    "strided_times(T, steps)",
    "The times of a sampler that takes `steps` steps on a path of T whole times: from T down to 0, evenly, each "
    "rounded to the nearest whole number.",
    "lesson 04, any subset of the times",
    lambda T, steps: grids.grid(ddpm_linear(T, 1e-4, 0.02), steps, "trailing"),
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


def _three_steps(x, noises, alpha_bars, cap):
    return worked_example(x, alpha_bars[::-1], noises, cap)["next x"].tolist()


def _wrong_steps(x, noises, levels, cap, *, see=see_x0, clip=np.clip, again=lambda x, x0, eps, level: eps, late=0):
    """The worked example with one piece replaced; late=1 re-noises to the level where one stands."""
    after, states = [*levels, 1.0], []
    for i, eps in enumerate(noises):
        x0 = clip(see(x, eps, levels[i]), -cap, cap)
        eps, s = again(x, x0, eps, levels[i]), after[i + 1 - late]
        x = s**0.5 * x0 + (1 - s) ** 0.5 * eps
        states.append(float(x))
    return states


def _three_inputs(rng):
    levels = [float(rng.uniform(low, low + 0.15)) for low in (0.05, 0.4, 0.8)]
    return 2 * number(rng), [number(rng) for _ in range(3)], levels, 1.0


THREE_STEPS = Exercise(
    "three_steps(x, noises, alpha_bars, cap)",
    "x after each step of the worked example: one predicted noise and one alpha_bar a step, the noisy end first; "
    "x0_hat is capped to [-cap, cap], eps stays as predicted, and the last step ends at clean data.",
    "lesson 04, three steps by hand",
    _three_steps,
    [
        Part("fresh numbers", _three_inputs, draws=4),
        Part("the example's own start", lambda rng: (2.0, [1.5, 0.3, 0.1], [0.0001, 0.5, 0.99], 1.0), draws=1),
    ],
    [
        Mistake(
            "no cap",
            lambda *a: _wrong_steps(*a, clip=lambda x0, *_: x0),
            "At the noisy end x0_hat is huge, and nothing keeps it in the range of the data.",
        ),
        Mistake(
            "eps computed again after the cap",
            lambda *a: _wrong_steps(*a, again=lambda x, x0, eps, ab: (x - ab**0.5 * x0) / (1 - ab) ** 0.5),
            "Many samplers do that, so that x_0 and eps still make up x_t. The worked example keeps eps as predicted.",
        ),
        Mistake(
            "alpha_bar for alpha",
            lambda *a: _wrong_steps(*a, see=lambda x, eps, ab: (x - (1 - ab) ** 0.5 * eps) / ab),
            "Your x0_hat is too large wherever the cap does not hide it. Look at what you divide by.",
        ),
        Mistake(
            "noised to the level where one stands",
            lambda *a: _wrong_steps(*a, late=1),
            "You put x0_hat back at the level that you came from, so no step makes progress.",
        ),
        Mistake(
            "the cap put on x",
            lambda x, noises, levels, cap: [
                min(cap, max(-cap, v)) for v in _wrong_steps(x, noises, levels, cap, clip=lambda x0, *_: x0)
            ],
            "It is the clean sample that is known to lie in the range of the data, not the noisy one.",
        ),
    ],
    "Each step: see x0_hat, cap it, put it back at the next level with the same eps. After the last level comes 1.",
)


def _own_numbers(rng):
    """Short numbers for paper, drawn until the cap matters on the first step and not on the last."""
    while True:
        levels = [float(rng.integers(low, low + 10)) / 100 for low in (2, 40, 85)]
        start, *noises = (float(rng.integers(11, 25)) / 10 for _ in range(4))
        inputs = start + 0.5, noises, levels, 1.0
        if see_x0(start + 0.5, noises[0], levels[0]) > 1.2 and abs(_three_steps(*inputs)[-1]) < 0.8:
            return inputs


BY_HAND = replace(
    THREE_STEPS,
    signature="by_hand(x, noises, alpha_bars, cap)",
    task="Your own three steps on paper: [x after step 1, after step 2, after step 3], to four decimals.",
    parts=[Part("your own numbers", _own_numbers, draws=1)],
)

EXERCISES = (STRIDED_TIMES, THREE_STEPS, BY_HAND)
