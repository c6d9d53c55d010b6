"""A number of the ledger: a value with its standard error, from which an interval follows at every level.

The kinds are told apart, because their intervals differ: an exact number (a count, an identity); a mean or a paired
difference with its standard error (Student's t); a share of so many cases (Wilson 1927, valid at 0 and at 1); a ratio
of two measured figures (Fieller 1954, which asks of each ratio r whether a - r b differs from 0) or of paired runs (by
its logarithm); a mean of figures that lie between two ends (Wilson's, of its place between them); and a difference of
two such means, or of two shares in which no error was seen (Newcombe 1998, from their Wilson intervals).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from scipy.stats import norm, t
from uncertainties import UFloat, covariance_matrix

from diffusion_lessons.metrics.intervals import mean_of_draws, wilson_interval

LEVEL = 0.05  # of a verdict: intervals of 95 %


@dataclass(frozen=True)
class Number:
    """A measured number.

    error     the standard error; None where the number is exact
    freedom   degrees of freedom of that error; None for the normal distribution
    of        how many samples (or seeds, or rounds, as `unit` says) stand behind it
    share     whether it is a share of `of` cases, whose interval is Wilson's
    log       whether it is a ratio of paired runs above 0, whose interval is that of its logarithm
    under     of a ratio less 1: the denominator b, and the variance of a, the covariance, and the variance of b
    shares    of a difference of two shares without a visible error: these two, of `of` cases each
    ends      of a mean of `of` figures: the least and the greatest that there are. Figures of one mean vary most where
              each is one of the two, and then their mean is a share. With `shares`, of a difference of two such means
    """

    name: str
    value: float
    error: float | None = None
    freedom: int | None = None
    of: int | None = None
    unit: str = "samples"
    share: bool = False
    log: bool = False
    under: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    ends: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("under", "shares", "ends"):  # from JSON they come as lists
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def exact(self) -> bool:
        return self.error is None and not self.share and not self.ends

    @property
    def place(self) -> float:
        """Where a mean lies between its ends, from 0 to 1; a share is its own place."""
        least, greatest = self.ends or (0.0, 1.0)
        return (self.value - least) / (greatest - least)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval that covers the true value with probability 1 - level; infinite where nothing is excluded."""
        least, greatest = self.ends or (0.0, 1.0)
        if self.shares:
            one, other = self.shares
            low, high = _newcombe(one, other, self.of or 1, level)
            return (greatest - least) * low, (greatest - least) * high
        if self.share or self.ends:
            low, high = _wilson(self.place, self.of or 1, level)
            return least + (greatest - least) * low, least + (greatest - least) * high
        if self.error is None or self.error == 0:
            return self.value, self.value
        quantile = _quantile(level, self.freedom)
        if self.under:
            return _fieller(self.value + 1, self.under, quantile)
        if self.log:
            reach = quantile * self.error / self.value
            return self.value * math.exp(-reach), self.value * math.exp(reach)
        return self.value - quantile * self.error, self.value + quantile * self.error

    def grown(self, factor: float) -> "Number":
        """The same estimate from so many times as many samples: errors fall as 1 / sqrt(samples).

        More seeds, rounds or trainings also bring degrees of freedom; the groups of a jackknife stay as many.
        """
        if self.exact or self.of is None:
            return self
        of = max(round(self.of * factor), 1)
        return replace(
            self,
            of=of,
            error=None if self.error is None else self.error / math.sqrt(factor),
            freedom=of - 1 if self.freedom == self.of - 1 else self.freedom,
            under=self.under and (self.under[0], *(one / factor for one in self.under[1:])),
        )

    def to_json(self) -> dict[str, Any]:
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}

    def __str__(self) -> str:
        """ "0.23 [0.21, 0.25]" with its 95 % interval; "20", "1,984,000" or "0.6667" where it is exact."""
        if self.exact:
            return f"{self.value:,.0f}" if self.value == round(self.value) else f"{self.value:.4g}"
        return f"{self.value:.{self._digits()}g} {self.within()}"

    def within(self, level: float = LEVEL) -> str:
        """The interval in brackets; where nothing is excluded it says so, and where all draws were alike."""
        low, high = self.interval(level)
        if low == high:
            return "[no spread]"
        digits = self._digits(level)
        return f"[{low:.{digits}g}, {high:.{digits}g}]" if math.isfinite(high - low) else "[nothing excluded]"

    def _digits(self, level: float = LEVEL) -> int:
        """Three, or as many more as tell the two ends apart."""
        low, high = self.interval(level)
        return next((digits for digits in range(3, 9) if f"{low:.{digits}g}" != f"{high:.{digits}g}"), 3)


Numbers = Mapping[str, Number]


def by_name(numbers: Sequence[Number]) -> dict[str, Number]:
    """The numbers under their names; ValueError where two have one name, since a rule could not tell them apart."""
    named = {number.name: number for number in numbers}
    if len(named) < len(numbers):
        raise ValueError(f"two numbers of one name among {[number.name for number in numbers]}")
    return named


def mean(name: str, values: Sequence[float], unit: str = "seeds") -> Number:
    """The mean of independent seeds or rounds, with its standard error."""
    found = mean_of_draws(values)
    return Number(name, found.n, found.s, len(values) - 1, len(values), unit)


def over_seeds(name: str, measure: Callable[[int], float], seeds: int) -> Number:
    """The mean of a measurement over seeds 0, 1, ..."""
    return mean(name, [measure(seed) for seed in range(seeds)])


def ratio(name: str, over: Sequence[float], under: Sequence[float], unit: str = "rounds") -> Number:
    """The mean ratio of paired positive runs, such as interleaved latencies: the mean of the logs, and back."""
    logs = mean(name, np.log(np.array(over) / np.array(under)).tolist(), unit)
    value = math.exp(logs.value)
    return Number(name, value, value * (logs.error or 0.0), logs.freedom, logs.of, logs.unit, log=True)


def excess_of(name: str, one: UFloat, other: UFloat, freedom: int, samples: int) -> Number:
    """one / other - 1 of two figures whose errors are shared, such as two rows of a table."""
    (variance, covariance), (_, of_other) = covariance_matrix([one, other])
    quotient = one / other
    under = float(other.n), float(variance), float(covariance), float(of_other)
    return Number(name, float(quotient.n) - 1, float(quotient.s), freedom, samples, under=under)


def share_difference(number: Number, one: float, other: float) -> Number:
    """A difference of two shares; where no error was seen, with the interval that these shares allow.

    A jackknife of shares that are 0 or 1, or pairs that never differ, show no error, and not that there is none.
    """
    return number if number.error else replace(number, error=0.0, shares=(one, other))


def mean_between(name: str, value: float, ends: tuple[float, float], of: int, unit: str = "samples") -> Number:
    """The mean of `of` figures none of which lies outside the ends; its interval is valid where all are the same."""
    return Number(name, value, of=of, unit=unit, ends=ends)


def mean_within(name: str, values: Sequence[float], ends: tuple[float, float], unit: str = "seeds") -> Number:
    """The mean of seeds or rounds that lie between two ends; where all are alike, with the interval that these allow.

    Draws that never differ show no spread, and not that there is none.
    """
    found = mean(name, values, unit)
    return found if found.error else mean_between(name, found.value, ends, len(values), unit)


def less(name: str, one: Number, other: Number) -> Number:
    """one - other of two means between the same ends, as if independent and each of the smaller of the two counts."""
    count, places = min(one.of or 1, other.of or 1), (one.place, other.place)
    return Number(name, one.value - other.value, of=count, unit=one.unit, shares=places, ends=one.ends)


def apart(name: str, one: Number, other: Number) -> Number:
    """one - other of two independent numbers with the errors of both, and Welch's degrees of freedom (1947)."""
    own, others = (one.error or 0.0) ** 2, (other.error or 0.0) ** 2
    parts = [(part, number.freedom) for part, number in ((own, one), (others, other)) if part and number.freedom]
    welch = sum(part**2 / freedom for part, freedom in parts)
    freedom = int((own + others) ** 2 / welch) if welch else None
    return Number(name, one.value - other.value, math.sqrt(own + others), freedom, one.of, one.unit)


def from_ufloat(name: str, number: UFloat, freedom: int, samples: int) -> Number:
    """A number of the library `uncertainties`, such as a paired difference of two rows of a table."""
    return Number(name, float(number.n), float(number.s), freedom, samples)


def _wilson(share: float, n: int, level: float) -> tuple[float, float]:
    hits = share * n  # no integer where an estimate has grown
    return wilson_interval(hits, n, float(norm.isf(level / 2)))


def _quantile(level: float, freedom: int | None) -> float:
    """By how many standard errors a two-sided interval of this level reaches."""
    return float(norm.isf(level / 2) if freedom is None else t.isf(level / 2, freedom))


def _newcombe(one: float, other: float, n: int, level: float) -> tuple[float, float]:
    (low, high), (other_low, other_high) = (_wilson(share, n, level) for share in (one, other))
    below, above = math.hypot(one - low, other_high - other), math.hypot(high - one, other - other_low)
    return one - other - below, one - other + above


def _fieller(ratio: float, under: tuple[float, ...], quantile: float) -> tuple[float, float]:
    """The r - 1 at which a - r b lies within so many standard errors of 0; all of them where b may itself be 0."""
    b, variance, covariance, of_b = under
    a = ratio * b
    square = b**2 - quantile**2 * of_b
    if square <= 0:
        return -math.inf, math.inf
    middle = (a * b - quantile**2 * covariance) / square
    reach = math.sqrt(max(middle**2 - (a**2 - quantile**2 * variance) / square, 0.0))
    return middle - reach - 1, middle + reach - 1
