"""Exercises on distances between sets of samples, and on their uncertainty (lesson 09)."""

import math

import numpy as np

from diffusion_lessons.checks.exercise import Exercise, Mistake, Part
from diffusion_lessons.checks.portable.inputs import tensor
from diffusion_lessons.metrics.frechet import Moments, frechet_between


def _gaussians(rng, d=3):
    """Two means and covariances whose product has a positive diagonal, so that roots of its entries are numbers."""
    means = rng.standard_normal((2, d))
    while True:
        first, second = (root @ root.T + 0.3 * np.eye(d) for root in rng.standard_normal((2, d, d)))
        if (np.diag(first @ second) > 0).all():
            return means[0], first, means[1], second


def _root(A):
    """The matrix whose product with itself is A, through the eigenvectors."""
    values, vectors = np.linalg.eig(A)
    return np.real(vectors @ np.diag(np.sqrt(values.astype(complex))) @ np.linalg.inv(vectors))


def _frechet(m_a, C_a, m_b, C_b, root=_root):
    return np.sum((m_a - m_b) ** 2) + np.trace(C_a + C_b - 2 * root(C_a @ C_b))


FRECHET = Exercise(
    "frechet(mean_a, cov_a, mean_b, cov_b)",
    "The squared Fréchet distance of two Gaussians, the number that is called FID: means [d], covariances [d, d].",
    "lesson 09, the Fréchet distance",
    lambda m_a, C_a, m_b, C_b: float(
        frechet_between(Moments(tensor(m_a), tensor(C_a)), Moments(tensor(m_b), tensor(C_b)))
    ),
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
            "Two clouds around one centre, one wide and one narrow, would have distance 0.",
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


def _kernels(rng, n=4, m=3):
    """Kernel values of n real and m generated points in 5 features."""
    x, y = rng.standard_normal((n, 5)), rng.standard_normal((m, 5)) + 0.5
    return tuple((a @ b.T / 5 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))


def _off_diagonal(K):
    n = len(K)
    return (K.sum() - np.trace(K)) / (n * (n - 1))


KERNEL_ESTIMATE = Exercise(
    "kernel_estimate(K_real, K_fake, K_across)",
    "The unbiased kernel distance from kernel values k(x_i, x_j) [n, n] of real points, k(y_i, y_j) [m, m] of "
    "generated ones, and k(x_i, y_j) [n, m] across.",
    "lesson 09, the kernel distance",
    lambda K_real, K_fake, K_across: _off_diagonal(K_real) + _off_diagonal(K_fake) - 2 * K_across.mean(),
    [
        Part("any kernel values", _kernels, draws=3),
        Part(
            "two points of each kind, far apart",
            lambda rng: (np.array([[9.0, 1.0], [1.0, 9.0]]), np.array([[9.0, 2.0], [2.0, 9.0]]), np.zeros((2, 2))),
            lambda *_: 3.0,
            draws=1,
        ),
    ],
    [
        Mistake(
            "pairs of a point with itself counted",
            lambda K_real, K_fake, K_across: K_real.mean() + K_fake.mean() - 2 * K_across.mean(),
            "Yours is never below 0, so it cannot be right on average for two equal sets. Which points are compared on "
            "the diagonal?",
        ),
        Mistake(
            "the diagonal left out of the sum but not of the count",
            lambda K_real, K_fake, K_across: (
                sum((K.sum() - np.trace(K)) / K.size for K in (K_real, K_fake)) - 2 * K_across.mean()
            ),
            "You leave the diagonal out of the sums. How many pairs are left?",
        ),
        Mistake(
            "the diagonal across left out",
            lambda K_real, K_fake, K_across: (
                _off_diagonal(K_real)
                + _off_diagonal(K_fake)
                - 2 * (K_across.sum() - np.trace(K_across)) / (K_across.size - min(K_across.shape))
            ),
            "Across, no point meets itself: x_1 and y_1 are as different as any two.",
        ),
        Mistake(
            "the pairs across counted once",
            lambda K_real, K_fake, K_across: _off_diagonal(K_real) + _off_diagonal(K_fake) - K_across.mean(),
            "If both sets are one cloud, all three means are equal, and the distance should be 0.",
        ),
    ],
    "Two means without the diagonal, minus twice the mean of all pairs across.",
)


def _figures(rng):
    a, b = rng.uniform(1, 9, 2)
    return float(a), float(rng.uniform(0.1, 0.5)), float(b), float(rng.uniform(0.6, 1.0))


APART = Exercise(
    "apart(a, spread_a, b, spread_b)",
    "How many standard errors two independent figures are apart, from their values and their own standard errors.",
    "lesson 09, how sure are we",
    lambda a, spread_a, b, spread_b: abs(a - b) / math.hypot(spread_a, spread_b),
    [
        Part("any two figures", _figures, draws=3),
        Part("the larger one first or last", lambda rng: (1.0, 0.6, 11.0, 0.8), lambda *_: 10.0, draws=1),
    ],
    [
        Mistake(
            "the spreads added",
            lambda a, s, b, r: abs(a - b) / (s + r),
            "Two independent errors rarely point apart both at once. It is their squares that add.",
        ),
        Mistake(
            "the larger spread alone",
            lambda a, s, b, r: abs(a - b) / max(s, r),
            "Both figures come from random samples; you count the error of only one.",
        ),
        Mistake(
            "the first spread alone",
            lambda a, s, b, r: abs(a - b) / s,
            "You treat the second figure as exact.",
        ),
        Mistake(
            "the mean of the spreads",
            lambda a, s, b, r: 2 * abs(a - b) / (s + r),
            "A difference is less certain than either of the two, and you divide by less than the larger.",
        ),
        Mistake(
            "the variance of the difference",
            lambda a, s, b, r: abs(a - b) / (s**2 + r**2),
            "That is a variance: in other units your answer would change.",
        ),
    ],
    "Divide the difference by its own standard error, sqrt(spread_a^2 + spread_b^2).",
)
