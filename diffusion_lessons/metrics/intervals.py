"""Intervals and decisions: what a measured number says, and what it leaves open.

    difference = first.number - second.number        # two scores: paired, since they share their groups
    interval(difference)                             # Interval(value, low, high)
    no_worse(difference, margin=0.1).verdict         # "yes", "no" or "undecided"

A difference that is not resolved is no proof of equality: that two things are about as good is shown by an interval
that lies within a margin stated beforehand (two one-sided tests, Schuirmann 1987). Where many questions are asked of
one page of numbers, `holm` corrects for their count (Holm 1979).
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats
from uncertainties import UFloat

from diffusion_lessons.metrics.errors import measured
from diffusion_lessons.metrics.jackknife import GROUPS

LEVEL = 0.95
Z = float(stats.norm.ppf((1 + LEVEL) / 2))


class Interval(NamedTuple):
    """A value and the two ends of its 95 % interval (or of another level)."""

    value: float
    low: float
    high: float

    def holds(self, number: float) -> bool:
        """Whether a number lies inside."""
        return self.low <= number <= self.high

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


class Decision(NamedTuple):
    """The answer to a question that was asked with a margin: "yes", "no" or "undecided", and the numbers behind it.

    p_value   below 0.05 exactly where the verdict is "yes"
    interval  of 95 %
    """

    verdict: str
    p_value: float
    interval: Interval
    margin: float


def interval(number: UFloat, level: float = LEVEL, freedom: float = GROUPS - 1) -> Interval:
    """The interval of a number with a standard error of so many degrees of freedom (Student's t)."""
    reach = float(stats.t.ppf((1 + level) / 2, freedom)) * number.s
    return Interval(number.n, number.n - reach, number.n + reach)


def p_value(number: UFloat, against: float = 0.0, freedom: float = GROUPS - 1) -> float:
    """The probability of a distance from `against` at least as large as this one, on either side, if it were true."""
    if number.s == 0:
        return 1.0 if number.n == against else 0.0
    return float(2 * stats.t.sf(abs(number.n - against) / number.s, freedom))


def no_worse(difference: UFloat, margin: float, freedom: float = GROUPS - 1) -> Decision:
    """Is a difference (low is better) below the margin? Yes: its interval is; no: its interval lies above it."""
    _check(margin)
    found = interval(difference, freedom=freedom)
    verdict = "yes" if found.high < margin else "no" if found.low > margin else "undecided"
    return Decision(verdict, _beyond(margin - difference, freedom), found, margin)


def equivalent(difference: UFloat, margin: float, freedom: float = GROUPS - 1) -> Decision:
    """Is a difference smaller than the margin, whatever its sign? Yes: its interval lies within (-margin, margin)."""
    _check(margin)
    found = interval(difference, freedom=freedom)
    inside = -margin < found.low and found.high < margin
    outside = found.low > margin or found.high < -margin
    p = max(_beyond(margin - difference, freedom), _beyond(difference + margin, freedom))
    return Decision("yes" if inside else "no" if outside else "undecided", p, found, margin)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """p-values corrected for their number, so that any of them below 0.05 is found by chance in 5 % of pages at most.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none falls below one before it, none exceeds 1.
    """
    adjusted, largest = {}, 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        if not 0 <= p_values[name] <= 1:
            raise ValueError(f"{name}: a p-value lies in [0, 1]; got {p_values[name]}")
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def wilson_interval(hits: float, n: int, z: float = Z) -> tuple[float, float]:
    """Interval of a share, hits out of n (Wilson 1927), of 95 % by default and else of the quantile z of the normal
    distribution: it stays within [0, 1] and is valid at 0 and n hits."""
    if not 0 <= hits <= n or n < 1:
        raise ValueError(f"{hits} hits out of {n}: give at least one trial, and no more hits than trials")
    share, z2 = hits / n, z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    width = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    low, high = max(middle - width, 0.0), min(middle + width, 1.0)
    return (0.0 if hits == 0 else low), (1.0 if hits == n else high)  # exactly, whatever rounding says


def samples_needed(number: UFloat, n: int, against: float = 0.0, freedom: float = GROUPS - 1) -> int | None:
    """How many samples would tell a number, measured on n, from `against`, if its value stays: its error falls as
    1 / sqrt(n). None where it lies exactly there, so that no number of samples would."""
    if number.n == against:
        return None
    reach = float(stats.t.ppf((1 + LEVEL) / 2, freedom)) * number.s
    return math.ceil(n * (reach / (number.n - against)) ** 2)


def mean_of_draws(values: Sequence[float]) -> UFloat:
    """The mean of at least two independent draws, with the standard error of the mean (len - 1 degrees of freedom)."""
    return measured(float(np.mean(values)), float(np.std(values, ddof=1)) / math.sqrt(len(values)))


def paired_runs(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The mean difference of two figures over runs that belong together, such as rounds of timing or seeds."""
    differences = np.subtract(*_runs(first, second))
    return interval(mean_of_draws(differences), freedom=len(differences) - 1)


def ratio_of_runs(first: Sequence[float], second: Sequence[float]) -> Interval:
    """How many times larger the first is, over runs that belong together: the geometric mean of their ratios.

    The interval is that of the mean logarithm; both must be above 0.
    """
    values = _runs(first, second)
    if not (np.concatenate(values) > 0).all():
        raise ValueError("a ratio of runs is taken by logarithms: all values must be above 0")
    logs = np.log(values[0]) - np.log(values[1])
    return Interval(*map(math.exp, interval(mean_of_draws(logs), freedom=len(logs) - 1)))


def _runs(first: Sequence[float], second: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(f"{len(first)} and {len(second)} runs: give the same number of both, and at least two")
    return np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)


def _beyond(room: UFloat, freedom: float) -> float:
    """Twice the one-sided p-value of "there is room above 0": below 0.05 where the 95 % interval says so."""
    if room.s == 0:
        return 0.0 if room.n > 0 else 1.0
    return min(1.0, float(2 * stats.t.sf(room.n / room.s, freedom)))


def _check(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"a margin must be above 0, and fixed before the measurement; got {margin}")
