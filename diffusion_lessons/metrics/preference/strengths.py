"""Strengths of several things from choices between two of them, and an effect of the side.

    P(left preferred) = 1 / (1 + exp(-(b_left - b_right + o)))

b is the strength of a way of sampling, o what the left side gains by being the left one. Source: Bradley and Terry
1952, "Rank analysis of incomplete block designs"; the effect of the order: Davidson and Beaver 1977. "Neither" counts
as half a vote for each. It is a logistic regression, which scikit-learn fits.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from diffusion_lessons.metrics.intervals import Interval, Z
from diffusion_lessons.metrics.preference.votes import Vote, decided

FINITE = 12.0  # a log strength beyond this is an estimate that runs away


class Strengths(NamedTuple):
    """Log strengths `values` [k] of `names`, whose mean is 0, their covariance [k, k], and the effect of the left side.

    Intervals are of 95 % and take votes for independent of each other; those of one person are less so than those of
    many.
    """

    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray
    left: Interval

    def strength(self, name: str) -> Interval:
        """The log strength of one, beside a mean of 0."""
        at = self._at(name)
        return _around(float(self.values[at]), float(self.covariance[at, at]))

    def preferred(self, name: str, to: str) -> Interval:
        """The probability that the first is preferred to the second, wherever each stands."""
        first, second = self._at(name), self._at(to)
        c = self.covariance
        found = _around(
            float(self.values[first] - self.values[second]),
            float(c[first, first] + c[second, second] - 2 * c[first, second]),
        )
        return Interval(*(float(expit(value)) for value in found))

    def _at(self, name: str) -> int:
        if name not in self.names:
            raise ValueError(f"no votes about {name!r}; there are some about {', '.join(self.names)}")
        return self.names.index(name)


def bradley_terry(votes: Sequence[Vote], *, side: bool = True) -> Strengths:
    """Fit strengths to votes, by maximum likelihood; without `side` the side is taken to make no difference.

    Raises ValueError where the likelihood has no maximum: if some are preferred to all others in every vote (Ford
    1957), or if the side explains every vote.
    """
    decided(votes)
    names = tuple(sorted({name for vote in votes for name in (vote.left, vote.right)}))
    _check_connected(votes, names)
    rows, chosen, weights = _rows(votes, names)
    design = rows[:, 1:]  # the first is the reference, at 0
    if side:
        design = np.column_stack([design, np.ones(len(rows))])
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=10_000)
    # A vote for the left is one against the right: each is given both ways, as scikit-learn wants to see both answers.
    both_ways = np.concatenate([design, -design]), np.concatenate([chosen, 1 - chosen])
    model.fit(*both_ways, sample_weight=np.concatenate([weights, weights]) / 2)
    found = model.coef_[0]
    if np.abs(found).max() > FINITE:
        raise ValueError(
            "the side explains every vote, so there is no estimate: collect more votes, or take side=False"
        )
    p = expit(design @ found)
    inverse, k = np.linalg.inv(design.T @ (design * (weights * p * (1 - p))[:, None])), len(names)
    b = np.concatenate([[0.0], found[: k - 1]])
    covariance = np.zeros((k, k))
    covariance[1:, 1:] = inverse[: k - 1, : k - 1]
    centring = np.eye(k) - 1 / k
    effect = _around(float(found[-1]), float(inverse[-1, -1])) if side else Interval(0.0, 0.0, 0.0)
    return Strengths(names, centring @ b, centring @ covariance @ centring.T, effect)


def _rows(votes: Sequence[Vote], names: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """+1 for what stood left and -1 for what stood right [N, k], whether left was chosen [N], and weights [N]."""
    rows, chosen, weights = [], [], []
    for vote in votes:
        row = np.zeros(len(names))
        row[names.index(vote.left)], row[names.index(vote.right)] = 1.0, -1.0
        for result in (1, 0) if vote.winner is None else (int(vote.chosen == "left"),):
            rows.append(row)
            chosen.append(result)
            weights.append(0.5 if vote.winner is None else 1.0)
    return np.stack(rows), np.array(chosen), np.array(weights)


def _check_connected(votes: Sequence[Vote], names: tuple[str, ...]) -> None:
    """Each must be preferred, directly or through others, to every other: else a strength is infinite."""
    graph = np.zeros((len(names), len(names)))
    for vote in votes:
        left, right = names.index(vote.left), names.index(vote.right)
        if vote.chosen != "right":
            graph[left, right] = 1
        if vote.chosen != "left":
            graph[right, left] = 1
    groups, group = connected_components(sparse.csr_array(graph), directed=True, connection="strong")
    if groups > 1:
        own = [name for name, number in zip(names, group, strict=True) if number == group[0]]
        rest = [name for name in names if name not in own]
        raise ValueError(
            f"between {', '.join(own)} and {', '.join(rest)} every vote goes the same way, or there is none, so their "
            "strengths differ by an amount that no number of such votes would tell: collect votes of both kinds"
        )


def _around(value: float, variance: float) -> Interval:
    reach = Z * math.sqrt(variance)
    return Interval(value, value - reach, value + reach)
