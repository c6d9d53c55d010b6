"""Three DDIM steps by hand: the example of the course, as a table of named quantities.

One number is denoised in three steps. At the noisy end hardly anything of the data is left (alpha_bar about 0), in
the middle one half, at the clean end nearly all. Start from 2; a network says that the noise in it is 1.5. The clean
sample that this implies is absurdly large, so it is capped at 1. Then the recipe repeats: see x_0, re-noise it to the
next level with the same predicted noise, and return the last x_0.

The first prediction is the text's. From there on the predictor is exact for data that are either -1 or +1, each half
of the time, so that every further number is the result of a formula:

    E[x_0 | x_t = x] = tanh(alpha x / sigma^2)
"""

import math
from collections.abc import Callable, Sequence

import pandas as pd

from diffusion_lessons.schedules import VariancePreserving, from_alpha_bar

ALPHA_BAR = (0.99, 0.5, 0.0001)  # at t = 1 (nearly clean), t = 2 (the middle), t = 3 (nearly noise)
START, FIRST_NOISE, CAP = 2.0, 1.5, 1.0


def coin_noise(x: float, alpha_bar: float) -> float:
    """The exact eps_hat for data that are -1 or +1: (x - sqrt(alpha_bar) tanh(alpha x / sigma^2)) / sigma."""
    alpha, variance = math.sqrt(alpha_bar), 1 - alpha_bar
    return (x - alpha * math.tanh(alpha * x / variance)) / math.sqrt(variance)


def worked_example(
    x: float = START,
    alpha_bar: Sequence[float] = ALPHA_BAR,
    noise: Sequence[float | Callable[[float, float], float]] = (FIRST_NOISE, coin_noise, coin_noise),
    cap: float | None = CAP,
) -> pd.DataFrame:
    """One row a step, from the noisy end: t, alpha_bar, x, eps, x0 as implied, x0 capped, and the next x.

        x0 = (x - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar),   capped to [-cap, cap]
        x_next = sqrt(alpha_bar_next) x0 + sqrt(1 - alpha_bar_next) eps,   with the eps that was predicted

    `alpha_bar` holds the levels from the clean end (t = 1) up to the noisy one (t = T); after t = 1 comes clean data,
    alpha_bar = 1, so the last "next x" is x0 itself. `noise` holds one prediction for each step, in the order of the
    steps: a number, or a function of (x, alpha_bar). `cap=None` leaves x0 as it is.
    """
    levels = [*reversed(alpha_bar), 1.0]
    if len(noise) != len(alpha_bar):
        raise ValueError(f"{len(alpha_bar)} steps need {len(alpha_bar)} predictions of the noise; got {len(noise)}")
    if any(not 0 < level < 1 for level in alpha_bar):
        raise ValueError(f"alpha_bar must lie strictly between 0 and 1 to divide by its root; got {tuple(alpha_bar)}")
    rows = []
    for step, prediction in enumerate(noise):
        now, after = levels[step], levels[step + 1]
        eps = prediction(x, now) if callable(prediction) else float(prediction)
        implied = (x - math.sqrt(1 - now) * eps) / math.sqrt(now)
        x0 = implied if cap is None else max(-cap, min(cap, implied))
        following = math.sqrt(after) * x0 + math.sqrt(1 - after) * eps
        rows.append(
            {
                "t": len(alpha_bar) - step,
                "alpha_bar": now,
                "x": x,
                "eps": eps,
                "x0 implied": implied,
                "x0": x0,
                "next alpha_bar": after,
                "next x": following,
            }
        )
        x = following
    return pd.DataFrame(rows)


def worked_path() -> VariancePreserving:
    """The path of the example, for running the same three steps through `samplers.ddim`."""
    return from_alpha_bar(ALPHA_BAR)
