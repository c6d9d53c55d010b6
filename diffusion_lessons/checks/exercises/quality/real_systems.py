"""Exercises on samplers as tables: DDIM's row, what a program does with a row, and a count of times (lesson 15)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import batch, number


def _scales(rng):
    """alpha_t, sigma_t, alpha_s, sigma_s, whose squares do not add up to 1."""
    return (
        float(rng.uniform(0.2, 0.4)),
        float(rng.uniform(0.7, 0.9)),
        float(rng.uniform(0.6, 0.8)),
        float(rng.uniform(0.3, 0.5)),
    )


def _clean_end(rng):
    return *_scales(rng)[:2], 1.0, 0.0


def _row(alpha_t, sigma_t, alpha_s, sigma_s):
    keep = sigma_s / sigma_t
    return [keep, alpha_s - keep * alpha_t]


DDIM_ROW = Exercise(
    "ddim_row(alpha_t, sigma_t, alpha_s, sigma_s)",
    "DDIM's step from t to s as two numbers [keep, clean], so that x_s = keep x_t + clean x0_hat.",
    "lesson 15, a sampler is a table",
    _row,
    [Part("any two times", _scales), Part("the last step returns the clean sample", _clean_end, lambda *_: [0.0, 1.0])],
    [
        Mistake(
            "eps not replaced",
            lambda alpha_t, sigma_t, alpha_s, sigma_s: [sigma_s / sigma_t, alpha_s],
            "The predicted noise is (x - alpha_t x0) / sigma_t: it holds x0 as well. Collect both places where x0 is.",
        ),
        Mistake(
            "coefficients of eps",
            lambda alpha_t, sigma_t, alpha_s, sigma_s: [sigma_s, alpha_s],
            "Those multiply the noise and the clean sample. Asked for are the numbers that multiply x_t and x0.",
        ),
        Mistake(
            "the wrong way round",
            lambda *scales: _row(*scales)[::-1],
            "keep, which multiplies x, comes first.",
        ),
        Mistake(
            "the ratio of alphas",
            lambda alpha_t, sigma_t, alpha_s, sigma_s: [alpha_s / alpha_t, alpha_s - sigma_s / sigma_t * alpha_t],
            "What is kept of x_t is the noise in it, and that has to shrink from sigma_t to sigma_s.",
        ),
    ],
    "Write eps_hat in x_s = alpha_s x0 + sigma_s eps_hat as (x_t - alpha_t x0) / sigma_t, and collect.",
)


def _next(keep, clean, x, seen):
    total = keep * np.asarray(x)
    for weight, x0 in zip(clean, seen, strict=False):
        total = total + weight * np.asarray(x0)
    return total


def _history(rng, draw=number, more=0):
    clean = [float(w) for w in rng.uniform(0.2, 0.9, 2)]
    return float(rng.uniform(0.2, 0.8)), clean, draw(rng), [draw(rng) for _ in range(2 + more)]


NEXT_X = Exercise(
    "next_x(keep, clean, x, seen)",
    "The next x by one row of a table: keep x, and for each weight in clean the clean sample it belongs to. seen holds "
    "the clean samples, the newest first, and may hold more than there are weights.",
    "lesson 15, ten lines in any language",
    _next,
    [
        Part("numbers", _history),
        Part("batches of images", lambda rng: _history(rng, batch)),
        Part("a longer history", lambda rng: _history(rng, more=2)),
    ],
    [
        Mistake(
            "oldest first",
            lambda keep, clean, x, seen: keep * x + sum(w * x0 for w, x0 in zip(clean, seen[::-1], strict=False)),
            "The first weight belongs to the newest clean sample.",
        ),
        Mistake(
            "x not kept",
            lambda keep, clean, x, seen: sum(w * x0 for w, x0 in zip(clean, seen, strict=False)),
            "Only the last step forgets x. Before it, x still holds noise, of which a share stays.",
        ),
        Mistake(
            "the newest alone",
            lambda keep, clean, x, seen: keep * x + clean[0] * seen[0],
            "That is a method of one step. A multistep method weighs what it saw before as well.",
        ),
        Mistake(
            "x kept whole",
            lambda keep, clean, x, seen: x + sum(w * x0 for w, x0 in zip(clean, seen, strict=False)),
            "x is multiplied by keep.",
        ),
    ],
    "Start from keep * x, and go through clean and seen side by side.",
)


def _time(rng):
    return int(rng.integers(400, 900)), int(rng.choice([7, 11, 13, 15, 18]))


THEIR_NEXT_TIME = Exercise(
    "their_next_time(t, steps)",
    "Where the DDIM of diffusers believes to arrive from our time t, on a path of 1000 times, in a run of so many "
    "steps: its own rule takes 1000 // steps away, whatever the grid's next time is.",
    "lesson 15, whose scheduler is right",
    lambda t, steps: t - 1000 // steps,
    [Part("times in the middle", _time)],
    [
        Mistake(
            "divided exactly",
            lambda t, steps: t - 1000 / steps,
            "That is where an even grid goes. Whole division rounds down, and the difference is the point here.",
        ),
        Mistake("rounded", lambda t, steps: t - round(1000 / steps), "Whole division never rounds up."),
    ],
    "In Python, whole division is //.",
)
