"""Exercises on the frontier: latency, evaluations, the points on it, and claims that can be compared (lesson 10)."""

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part


def _timings(rng):
    warm = rng.uniform(0.8, 1.2, size=7) * np.array([1, 1, 6, 1, 1, 1, 1])  # 6: another program had the processor
    return np.concatenate([rng.uniform(3, 5, size=2), warm]), int(rng.integers(4, 17)), 2


LATENCY = Exercise(
    "latency(seconds, batch, warmup)",
    "Seconds per image: the median over repeats of the time of a whole batch, without the first `warmup` repeats.",
    "lesson 10, an honest latency",
    lambda seconds, batch, warmup: np.median(seconds[warmup:]) / batch,
    [
        Part("a noisy machine", _timings),
        Part("one clean repeat", lambda rng: (np.array([9.0, 2.0]), 4, 1), lambda *_: 0.5, draws=1),
    ],
    [
        Mistake(
            "seconds per batch",
            lambda seconds, batch, warmup: np.median(seconds[warmup:]),
            "A batch makes several images at once. How long is that for each?",
        ),
        Mistake(
            "warm-up counted",
            lambda seconds, batch, warmup: np.median(seconds) / batch,
            "The first repeats load libraries and choose kernels; nobody waits for that twice.",
        ),
        Mistake(
            "the mean",
            lambda seconds, batch, warmup: np.mean(seconds[warmup:]) / batch,
            "One repeat during which the machine did something else moves your result. Which average is unaffected?",
        ),
        Mistake(
            "the best of all",
            lambda seconds, batch, warmup: np.min(seconds[warmup:]) / batch,
            "The fastest repeat is what a vendor reports. What does a user typically wait for?",
        ),
    ],
    "Drop the warm-up, take the median, divide by the batch.",
)


def _nfe(steps, stages, guided):
    return (stages * (steps - 1) + 1) * (2 if guided else 1)


COUNT_NFE = Exercise(
    "count_nfe(steps, stages, guided)",
    "Network evaluations per sample: `stages` a step, but only one on the last step, to clean data; guidance "
    "evaluates twice.",
    "lesson 10, count evaluations, not steps",
    _nfe,
    [
        Part("guided", lambda rng: (int(rng.integers(5, 40)), int(rng.integers(2, 5)), True)),
        Part("not guided", lambda rng: (int(rng.integers(5, 40)), int(rng.integers(2, 5)), False)),
        Part("one evaluation a step", lambda rng: (25, 1, False), lambda *_: 25, draws=1),
    ],
    [
        Mistake("steps", lambda n, k, g: n, "You count steps. Ten steps of Heun cost more than ten of DDIM."),
        Mistake(
            "guidance forgotten",
            lambda n, k, g: _nfe(n, k, False),
            "A guided step evaluates the network with the condition and without it.",
        ),
        Mistake(
            "the last step counted in full",
            lambda n, k, g: n * k * (2 if g else 1),
            "There is nothing to look ahead to on the step to clean data: Heun needs 2N - 1.",
        ),
        Mistake(
            "guidance doubles the last step only",
            lambda n, k, g: k * (n - 1) + (2 if g else 1),
            "Guidance costs twice on every evaluation.",
        ),
    ],
    "Evaluations without guidance first, then double them if guided.",
)


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
    error = np.array([5.0, 3.0, 3.5, 2.0, 1.0]) + rng.uniform(0, 0.3, 5).round(3)
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


FIXED = ("network", "precision", "batch", "device", "guidance")


def _claims(rng):
    a = {
        "sampler": "ddim", "steps": 50.0, "network": "unet-2M", "precision": "float32",
        "batch": 16.0, "device": "laptop", "guidance": 1.0, "seconds": 1.0,
    }  # fmt: skip
    b = {**a, "sampler": "solver", "steps": 10.0, "seconds": 0.1, "precision": "float16", "batch": 64.0}
    del b["device"]
    rng.shuffle(swap := ["network", "guidance"])
    b[swap[0]] = "unet-8M" if swap[0] == "network" else 7.5
    return a, b


def _unfair(a, b, differs=lambda a, b, key: key not in a or key not in b or a[key] != b[key], keys=FIXED):
    return sorted(key for key in keys if differs(a, b, key))


UNFAIR = Exercise(
    "unfair(claim_a, claim_b)",
    "What makes two latency claims incomparable: those of network, precision, batch, device and guidance that differ "
    "or that one of them does not state. The claims are dictionaries; sampler, steps and seconds may differ.",
    "lesson 10, reading a vendor's claim",
    _unfair,
    [
        Part("several things", _claims, draws=3),
        Part("a fair pair", lambda rng: (_claims(rng)[0],) * 2, lambda *_: [], draws=1),
        Part(
            "nothing stated on either side",
            lambda rng: ({"seconds": 1.0}, {"seconds": 0.1}),
            lambda *_: sorted(FIXED),
            draws=1,
        ),
    ],
    [
        Mistake(
            "what is missing overlooked",
            lambda a, b: _unfair(a, b, lambda a, b, key: key in a and key in b and a[key] != b[key]),
            "A claim that does not name its device cannot be compared: what is not stated is not equal.",
        ),
        Mistake(
            "what is missing on both sides overlooked",
            lambda a, b: _unfair(a, b, lambda a, b, key: a.get(key) != b.get(key)),
            "Where neither claim names its device, nothing says that the devices are equal.",
        ),
        Mistake(
            "every difference counted",
            lambda a, b: sorted(
                {*_unfair(a, b), *(k for k in ("sampler", "steps", "seconds") if a.get(k) != b.get(k))}
            ),
            "Sampler, steps and seconds are what the comparison is about. All else must be equal.",
        ),
        Mistake(
            "only what is missing",
            lambda a, b: _unfair(a, b, lambda a, b, key: key not in a or key not in b),
            "Both may state the batch and still differ in it.",
        ),
    ],
    "Five things must be stated by both and be equal. Return the names of those that are not.",
    order_free=True,
)
