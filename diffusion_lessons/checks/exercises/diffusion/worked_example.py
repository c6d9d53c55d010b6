"""Exercises on the worked example: three steps of DDIM by hand (lesson 04)."""

from dataclasses import replace

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import x0_from_eps
from diffusion_lessons.checks.portable.inputs import number
from diffusion_lessons.toys.worked_example import worked_example


def _three_steps(x, noises, alpha_bars, cap):
    return worked_example(x, alpha_bars[::-1], noises, cap)["next x"].tolist()


def _wrong_steps(
    x, noises, levels, cap, *, estimate=x0_from_eps, clip=np.clip, new_eps=lambda x, x0, eps, level: eps, late=0
):
    """The worked example with one piece replaced; late=1 noises to the level that the step comes from."""
    after, states = [*levels, 1.0], []
    for i, eps in enumerate(noises):
        x0 = clip(estimate(x, eps, levels[i]), -cap, cap)
        eps, s = new_eps(x, x0, eps, levels[i]), after[i + 1 - late]
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
            lambda *a: _wrong_steps(*a, new_eps=lambda x, x0, eps, ab: (x - ab**0.5 * x0) / (1 - ab) ** 0.5),
            "Many samplers do that, so that x_0 and eps still make up x_t. The worked example keeps eps as predicted.",
        ),
        Mistake(
            "alpha_bar for alpha",
            lambda *a: _wrong_steps(*a, estimate=lambda x, eps, ab: (x - (1 - ab) ** 0.5 * eps) / ab),
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
    "In each step estimate x0_hat, cap it, put it back at the next level with the same eps. After the last comes 1.",
)


def _own_numbers(rng):
    """Numbers short enough for paper, drawn until the cap matters on the first step and not on the last."""
    while True:
        levels = [float(rng.integers(low, low + 10)) / 100 for low in (2, 40, 85)]
        start, *noises = (float(rng.integers(11, 25)) / 10 for _ in range(4))
        inputs = start + 0.5, noises, levels, 1.0
        if x0_from_eps(start + 0.5, noises[0], levels[0]) > 1.2 and abs(_three_steps(*inputs)[-1]) < 0.8:
            return inputs


BY_HAND = replace(
    THREE_STEPS,
    signature="by_hand(x, noises, alpha_bars, cap)",
    task="Your own three steps on paper: [x after step 1, after step 2, after step 3], to four decimals.",
    parts=[Part("your own numbers", _own_numbers, draws=1)],
)
