"""Exercises of a real run: what it will cost, and a curve by its ratios (lesson 14)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part


def _recipe(rng):
    """A rehearsal: so few steps that one more or less is seen."""
    batch = int(rng.choice([128, 256, 512]))
    images = int(rng.integers(4, 15)) * batch + int(rng.integers(batch // 4, 3 * batch // 4))
    return images, batch, int(rng.integers(300, 5000)), float(rng.integers(20, 60))


def _cost(images, batch, images_in_set, images_per_second):
    return math.ceil(images / batch), images / images_in_set, images / images_per_second / 3600


COST_OF_RUN = Exercise(
    "cost_of_run(images, batch, images_in_set, images_per_second)",
    "(steps, epochs, hours): updates of the weights, of which a last incomplete batch is one; passes over the set, not "
    "rounded; hours at this speed.",
    "lesson 14, what will it cost?",
    _cost,
    [
        Part("a recipe", _recipe, draws=3),
        Part("one pass in an hour", lambda rng: (7200, 72, 7200, 2.0), lambda *_: (100, 1.0, 1.0), draws=1),
    ],
    [
        Mistake(
            "the last batch forgotten",
            lambda n, b, m, r: (n // b, n / m, n / r / 3600),
            "You round the steps down. What becomes of the images that are left for the last one?",
        ),
        Mistake(
            "steps that are not whole",
            lambda n, b, m, r: (n / b, n / m, n / r / 3600),
            "A step is done or not. How many does it take to see all images?",
        ),
        Mistake(
            "seconds",
            lambda n, b, m, r: (math.ceil(n / b), n / m, n / r),
            "Your last number is in seconds; hours are asked.",
        ),
        Mistake(
            "a pass for every step",
            lambda n, b, m, r: (math.ceil(n / b), math.ceil(n / b) / m, n / r / 3600),
            "You divide steps by the size of the set. An epoch has seen as many *images* as there are.",
        ),
        Mistake(
            "batches a second",
            lambda n, b, m, r: (math.ceil(n / b), n / m, n / b / r / 3600),
            "The speed is in images a second, not in steps.",
        ),
    ],
    "steps = ceil(images / batch); epochs = images / images_in_set; hours = images / images_per_second / 3600.",
)


def _curve(rng):
    steps, falling = np.array([10, 20, 50, 100]), np.sort(rng.uniform(1, 20, 4))[::-1]
    order = np.concatenate([[3], rng.permutation(3)])  # the most steps never stand last
    return steps[order], falling[order]


def _relative(steps, distances):
    return np.asarray(distances) / np.asarray(distances)[np.argmax(steps)]


IN_UNITS_OF_THE_LAST = Exercise(
    "in_units_of_the_last(steps, distances)",
    "The distances, each divided by that of the largest number of steps. The points may come in any order.",
    "lesson 14, the published curve beside ours",
    _relative,
    [
        Part("a curve, its points in any order", _curve, draws=3),
        Part(
            "one that rises at the end",
            lambda rng: (np.array([10, 50, 20]), np.array([4.0, 1.0, 0.5])),
            lambda *_: np.array([4.0, 1.0, 0.5]),
            draws=1,
        ),
    ],
    [
        Mistake(
            "by the best",
            lambda steps, distances: distances / np.min(distances),
            "You divide by the smallest distance. The row of the most steps need not be the best one.",
        ),
        Mistake(
            "by the one that stands last",
            lambda steps, distances: distances / distances[-1],
            "You take the entry that stands last. The points may come in any order.",
        ),
        Mistake(
            "upside down",
            lambda steps, distances: 1 / _relative(steps, distances),
            "You divide the last distance by the others. Ten steps should come out above 1 where they are worse.",
        ),
        Mistake(
            "by the fewest steps",
            lambda steps, distances: distances / distances[np.argmin(steps)],
            "You divide by the distance of the fewest steps.",
        ),
    ],
    "Find the place of the largest number of steps, and divide all distances by the one there.",
)
