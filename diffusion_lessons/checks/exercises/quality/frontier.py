"""Exercises on the frontier: the points on it, and the choice under a budget (lesson 10)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part


def _points(rng):
    """(cost, error) pairs of which about half are on the frontier, one of them by a tie in cost."""
    cost = rng.permutation(np.arange(1, 9)).astype(float)
    error = np.sort(rng.uniform(1, 10, 8))[::-1][np.argsort(np.argsort(cost))]
    worse = rng.permutation(np.arange(1, 8))[:4]  # never the cheapest
    order = np.argsort(cost)
    error[order[worse]] += 10
    points = [[float(c), float(e)] for c, e in zip(cost, error, strict=True)]
    best = points[int(order[0])]
    return ([*points, [best[0], best[1] + 1.0]],)


def frontier(points):
    """The points that no other beats: none is at most as costly and at most as bad, and better in one of the two."""
    return [
        p for p in points if not any(q[0] <= p[0] and q[1] <= p[1] and (q[0] < p[0] or q[1] < p[1]) for q in points)
    ]


def _hull(points):
    """The lower convex hull of the frontier."""
    chain: list = []
    for p in sorted(frontier(points)):
        while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
            chain.pop()
        chain.append(p)
    return chain


def _turn(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


FRONTIER = Exercise(
    "frontier(points)",
    "Those of the [cost, error] pairs that no other pair beats, in any order. One pair beats another if it is at most "
    "as costly and at most as bad, and better in at least one of the two.",
    "lesson 10, the frontier",
    frontier,
    [
        Part("a cloud of points", _points, draws=3),
        Part("one beats all", lambda rng: ([[1.0, 1.0], [2.0, 2.0], [1.0, 3.0]],), lambda *_: [[1.0, 1.0]], draws=1),
    ],
    [
        Mistake(
            "the best quality alone",
            lambda points: [min(points, key=lambda p: p[1])],
            "You keep one point. A user in a hurry has another favourite.",
        ),
        Mistake(
            "higher taken for better",
            lambda points: [[c, -e] for c, e in frontier([[c, -e] for c, e in points])],
            "Error is better when it is lower.",
        ),
        Mistake(
            "ties kept",
            lambda points: [p for p in points if not any(q[0] < p[0] and q[1] < p[1] for q in points)],
            "Two points of one cost, one of them worse: you keep both.",
        ),
        Mistake(
            "the convex hull",
            _hull,
            "You drop points that lie above the line between two others. One cannot run half a sampler, so "
            "nothing beats them.",
        ),
        Mistake(
            "everything",
            lambda points: points,
            "You leave nothing out. Is there a point that another beats in both?",
        ),
    ],
    "For each point ask whether any other is at least as good in both and better in one.",
    order_free=True,
)


def _menu(rng):
    cost = np.sort(rng.uniform(0.1, 2.0, 5)).round(3)
    error = np.array([5.0, 3.0, 5.5, 2.0, 1.0]) + rng.uniform(0, 0.3, 5).round(3)
    names = ["ddim 10", "solver 10", "ddim 20", "solver 20", "ddpm 1000"]
    return [[n, float(c), float(e)] for n, c, e in zip(names, cost, error, strict=True)]


def _choose(points, budget):
    fits = [p for p in points if p[1] <= budget]
    return min(fits, key=lambda p: p[2])[0] if fits else None


def _affordable(rng):
    points = _menu(rng)
    return points, (points[2][1] + points[3][1]) / 2


CHOOSE = Exercise(
    "choose(points, budget)",
    "From [name, seconds, error] rows the name of the best one whose seconds are at most the budget; None if none is.",
    "lesson 10, choosing under a budget",
    _choose,
    [
        Part("a budget in the middle", _affordable, draws=3),
        Part("a budget met exactly", lambda rng: (lambda points: (points, points[3][1]))(_menu(rng))),
        Part("too small a budget", lambda rng: (_menu(rng), 0.01), lambda *_: None),
    ],
    [
        Mistake(
            "the budget ignored",
            lambda points, budget: min(points, key=lambda p: p[2])[0],
            "The best of all, but nobody can wait that long.",
        ),
        Mistake(
            "the highest error",
            lambda points, budget: max([p for p in points if p[1] <= budget], key=lambda p: p[2], default=[None])[0],
            "You return the worst that fits. Errors are better the lower they are.",
        ),
        Mistake(
            "the fastest",
            lambda points, budget: min(points, key=lambda p: p[1])[0] if points[0][1] <= budget else None,
            "You leave budget unused that could buy quality.",
        ),
        Mistake(
            "the budget used up",
            lambda points, budget: max([p for p in points if p[1] <= budget], key=lambda p: p[1], default=[None])[0],
            "The slowest that fits is not always the best: some slow points lie above the frontier.",
        ),
        Mistake(
            "a budget met exactly refused",
            lambda points, budget: _choose([p for p in points if p[1] < budget], budget),
            "At most the budget includes the budget itself.",
        ),
        Mistake(
            "something for every budget",
            lambda points, budget: _choose(points, max(budget, points[0][1])),
            "If nothing fits, say so: None.",
        ),
    ],
    "Keep what fits, then take the lowest error.",
)
