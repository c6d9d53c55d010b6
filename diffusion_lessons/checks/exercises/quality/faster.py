"""Exercises on making a network faster: a cache, what a head serves, and a vendor's log (lesson 12)."""

from itertools import pairwise

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.exercises.formulas import euler
from diffusion_lessons.checks.portable import inputs


def _walk(count):
    def draw(rng):
        inner = np.sort(rng.uniform(0.1, 0.9, count - 1))[::-1]
        return inputs.field(rng), inputs.number(rng), [1.0, *map(float, inner), 0.0]

    return draw


def _cached(u, x, times, every, due=lambda k, every: k % every == 0):
    kept = u(x, times[0])
    for k in range(len(times) - 1):
        if due(k, every):
            kept = u(x, times[k])
        x = x + (times[k + 1] - times[k]) * kept
    return x


def _plain(u, x, times, every=1):
    for t, s in pairwise(times):
        x = euler(u, x, t, s)
    return x


CACHED_EULER = Exercise(
    "cached_euler(u, x, times, every)",
    "Euler's steps from times[0] to times[-1] along the velocity u(x, t), which is evaluated at the first of every "
    "`every` steps only, and kept in between. The result is x at the end.",
    "lesson 12, a cache that is no cache",
    _cached,
    [
        Part("every second of six", lambda rng: (*_walk(6)(rng), 2)),
        Part("every third of seven", lambda rng: (*_walk(7)(rng), 3)),
        Part("every one: nothing is kept", lambda rng: (*_walk(5)(rng), 1), _plain),
    ],
    [
        Mistake("nothing is kept", _plain, "You evaluate at each step. What do you save?"),
        Mistake(
            "never renewed",
            lambda u, x, times, every: _cached(u, x, times, every, lambda k, every: every == 1),
            "You keep the first velocity to the end. When is it due again?",
        ),
        Mistake(
            "renewed one step late",
            lambda u, x, times, every: _cached(u, x, times, every, lambda k, every: (k - 1) % every == 0),
            "You evaluate at the first step, and then count from the second. Which steps are due?",
        ),
        Mistake(
            "one step is left out",
            lambda u, x, times, every: _cached(u, x, times, every + 1),
            "You keep for `every` steps more, so each evaluation serves one too many.",
        ),
        Mistake(
            "the steps between are not taken",
            lambda u, x, times, every: _plain(u, x, times[::every]) if every > 1 else _plain(u, x, times),
            "You end before the last time where `every` does not divide the steps. Walk along what is kept, too.",
        ),
    ],
    "Number the steps from 0: which numbers are due?",
)


def _differences(rng):
    whole = rng.standard_normal(6) + 1.0
    without = np.stack([whole * rng.uniform(0.2, 1.1) + 0.3 * rng.standard_normal(6) for _ in range(4)])
    return whole, without


def _along(whole, without):
    return without @ whole / (whole @ whole)


WORD_SHARES = Exercise(
    "word_shares(whole, without)",
    "What share of a word each head carries. whole [D] is the difference that the word makes to the picture; without "
    "[H, D] is what is left of it when head h is silenced. The share of h is 1 minus the length of without[h] along "
    "whole, in units of whole: 0 where nothing is lost, 1 where the word is lost.",
    "lesson 12, which head knows red",
    lambda whole, without: 1 - _along(whole, without),
    [
        Part("four heads", _differences),
        Part(
            "a head that serves something else",
            lambda rng: (w := _differences(rng)[0], np.stack([w, w / 2, 0 * w])),
            lambda whole, without: np.array([0.0, 0.5, 1.0]),
        ),
    ],
    [
        Mistake("what is left", _along, "That is the share that is left when the head is gone. What share has gone?"),
        Mistake(
            "the lengths compared",
            lambda whole, without: 1 - np.linalg.norm(without, axis=1) / np.linalg.norm(whole),
            "A difference may keep its length and point elsewhere: then the word is lost. Look along `whole`.",
        ),
        Mistake(
            "any change counted",
            lambda whole, without: np.linalg.norm(without - whole, axis=1) / np.linalg.norm(whole),
            "You count changes in every direction. Those across `whole` do not make the word weaker.",
        ),
        Mistake(
            "divided by the length once",
            lambda whole, without: 1 - without @ whole / np.linalg.norm(whole),
            "The length along `whole` in units of `whole`: divide by its length once for the direction, and again.",
        ),
        Mistake(
            "the cosine",
            lambda whole, without: (
                1 - without @ whole / np.linalg.norm(without + 1e-300, axis=1) / np.linalg.norm(whole)
            ),
            "The cosine forgets how much is left: half of the difference in the same direction is half a loss.",
        ),
    ],
    "Project without[h] on whole, and compare with whole projected on itself.",
)


def _log(rng):
    """Rows [name, batch, steps, call, seconds]: the first call of each warms up, and one was disturbed."""
    rows = []
    for name, factor in (("plain", 1.0), ("fast", rng.uniform(0.4, 0.7))):
        for batch in (1, 16):
            for steps in (10, 20):
                cost = factor * steps * batch**0.7 * rng.uniform(0.9, 1.1)
                calls = [cost * rng.uniform(0.97, 1.03) for _ in range(5)]
                calls[0] *= rng.uniform(4, 6)
                calls[3] *= rng.uniform(2, 3)
                rows += [[name, batch, steps, call, round(float(s), 4)] for call, s in enumerate(calls)]
    order = rng.permutation(len(rows))
    return [rows[i] for i in order], 16, 10


def _seconds(log, name, batch, steps, first=1):
    return [row[4] for row in log if row[:3] == [name, batch, steps] and row[3] >= first]


def _fair(log, batch, steps, average=np.median, first=1):
    return float(
        average(_seconds(log, "plain", batch, steps, first)) / average(_seconds(log, "fast", batch, steps, first))
    )


FAIR_SPEEDUP = Exercise(
    "fair_speedup(log, batch, steps)",
    'How many times faster "fast" is than "plain", both at this batch and these steps: the ratio of the medians of '
    "their seconds, without call 0 of each. A row of the log is [name, batch, steps, call, seconds].",
    "lesson 12, four times faster",
    _fair,
    [
        Part("a log of two methods, two batches, two numbers of steps", _log),
        Part("at batch 1", lambda rng: (_log(rng)[0], 1, 20)),
    ],
    [
        Mistake(
            "the wrong way round",
            lambda log, batch, steps: 1 / _fair(log, batch, steps),
            "Faster means fewer seconds. Which of the two goes on top?",
        ),
        Mistake(
            "warm-up counted",
            lambda log, batch, steps: _fair(log, batch, steps, np.mean, first=0),
            "Call 0 of each loads and compiles, and you take the mean over it.",
        ),
        Mistake(
            "the mean",
            lambda log, batch, steps: _fair(log, batch, steps, np.mean),
            "One call was disturbed. Which average does not mind?",
        ),
        Mistake(
            "the best call",
            lambda log, batch, steps: _fair(log, batch, steps, np.min),
            "Nobody is served by the best call alone. What does a typical one take?",
        ),
        Mistake(
            "warm-up of the rival alone",
            lambda log, batch, steps: (
                _seconds(log, "plain", batch, steps, 0)[0] / np.median(_seconds(log, "fast", batch, steps))
            ),
            "You set one call of the rival against the others of your own.",
        ),
        Mistake(
            "the rival in twice the steps",
            lambda log, batch, steps: float(
                np.median(_seconds(log, "plain", batch, 30 - steps)) / np.median(_seconds(log, "fast", batch, steps))
            ),
            "The rival takes other steps than yours. What would it do in as many?",
        ),
        Mistake(
            "the rival at another batch",
            lambda log, batch, steps: float(
                np.median(_seconds(log, "plain", 17 - batch, steps)) / np.median(_seconds(log, "fast", batch, steps))
            ),
            "The two were timed at different batches. A batch of 16 takes longer than one picture.",
        ),
        Mistake(
            "everything in one pot",
            lambda log, batch, steps: float(
                np.median([row[4] for row in log if row[0] == "plain" and row[3] > 0])
                / np.median([row[4] for row in log if row[0] == "fast" and row[3] > 0])
            ),
            "You mix batches and steps. Pick the rows that are alike in both.",
        ),
    ],
    "Pick the rows that agree in name, batch and steps; leave out call 0; two medians, one ratio.",
)
