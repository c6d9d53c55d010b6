"""Exercises on latency: an honest one, evaluations, and claims that can be compared (lesson 10)."""

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
