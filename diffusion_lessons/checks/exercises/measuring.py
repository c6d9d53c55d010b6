"""Exercises on measuring: Frechet distance, latency, evaluations (lessons 09 and 10)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import tensor
from diffusion_lessons.metrics.frechet import Moments, frechet_between


def _gaussians(rng, d=3):
    means = rng.standard_normal((2, d))
    roots = rng.standard_normal((2, d, d))
    return means[0], roots[0] @ roots[0].T + 0.3 * np.eye(d), means[1], roots[1] @ roots[1].T + 0.3 * np.eye(d)


def _root(A):
    """The matrix whose product with itself is A, through the eigenvectors."""
    values, vectors = np.linalg.eig(A)
    return np.real(vectors @ np.diag(np.sqrt(values.astype(complex))) @ np.linalg.inv(vectors))


def _frechet(m_a, C_a, m_b, C_b, root=_root):
    return np.sum((m_a - m_b) ** 2) + np.trace(C_a + C_b - 2 * root(C_a @ C_b))


FRECHET = Exercise(
    "frechet(mean_a, cov_a, mean_b, cov_b)",
    "The squared Frechet distance of two Gaussians, the number that is called FID: means [d], covariances [d, d].",
    "lesson 09, the Frechet distance",
    lambda m_a, C_a, m_b, C_b: frechet_between(*(Moments(*map(tensor, each)) for each in ((m_a, C_a), (m_b, C_b)))),
    [
        Part("any two Gaussians", _gaussians, draws=3),
        Part("a Gaussian and itself", lambda rng: _gaussians(rng)[:2] * 2, lambda *_: 0.0),
        Part(
            "round Gaussians: |m_a - m_b|^2 + d (s_a - s_b)^2",
            lambda rng: (np.array([1.0, 0.0]), 4 * np.eye(2), np.array([0.0, 2.0]), 9 * np.eye(2)),
            lambda *_: 7.0,
            draws=1,
        ),
    ],
    [
        Mistake(
            "the distance instead of its square",
            lambda m_a, C_a, m_b, C_b: math.sqrt(_frechet(m_a, C_a, m_b, C_b)),
            "That is a distance, but published figures are its square.",
        ),
        Mistake(
            "a root of each entry",
            lambda m_a, C_a, m_b, C_b: _frechet(m_a, C_a, m_b, C_b, lambda A: np.sign(A) * np.sqrt(np.abs(A))),
            "You take the root of each entry. The root of a matrix A is the matrix whose *product with itself* is A.",
        ),
        Mistake(
            "no root",
            lambda m_a, C_a, m_b, C_b: _frechet(m_a, C_a, m_b, C_b, lambda A: A),
            "Your cross term is in variances squared: multiply all lengths by 10 and see what scales how.",
        ),
        Mistake(
            "cross term forgotten",
            lambda m_a, C_a, m_b, C_b: _frechet(m_a, C_a, m_b, C_b, lambda A: 0 * A),
            "A Gaussian should have distance 0 from itself; yours is twice its total variance.",
        ),
        Mistake(
            "means only",
            lambda m_a, C_a, m_b, C_b: np.sum((m_a - m_b) ** 2),
            "Two clouds around one centre, one wide and one narrow, would be the same to you.",
        ),
        Mistake(
            "unsquared distance of the means",
            lambda m_a, C_a, m_b, C_b: (
                _frechet(m_a, C_a, m_b, C_b) - np.sum((m_a - m_b) ** 2) + np.linalg.norm(m_a - m_b)
            ),
            "One term is a length, the other a length squared.",
        ),
    ],
    "Squared distance of the means, plus the trace of C_a + C_b - 2 (C_a C_b)^(1/2) with a matrix root.",
)


def _timings(rng):
    warm = rng.uniform(0.8, 1.2, size=7)
    warm[2] *= 6  # another program had the processor
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
            "One repeat during which the machine did something else moves your result. Which average does not mind?",
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
            "A guided step asks the network with the condition and without it.",
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

EXERCISES = (FRECHET, LATENCY, COUNT_NFE)
