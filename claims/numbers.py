"""A number of the ledger: a value with its standard error, from which an interval follows at every level.

Three kinds are told apart, because their intervals differ: an exact number (a count, an identity), a mean or a paired
difference with its standard error (Student's t), and a share of so many cases (Wilson 1927, valid at 0 and at 1).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from scipy.stats import norm, t
from uncertainties import UFloat

LEVEL = 0.05  # of a verdict: intervals of 95 %


@dataclass(frozen=True)
class Number:
    """A measured number.

    error     the standard error; None where the number is exact
    freedom   degrees of freedom of that error; None for the normal distribution
    of        how many samples (or seeds, or rounds, as `unit` says) stand behind it
    share     whether it is a share of `of` cases, whose interval is Wilson's
    """

    name: str
    value: float
    error: float | None = None
    freedom: int | None = None
    of: int | None = None
    unit: str = "samples"
    share: bool = False

    @property
    def exact(self) -> bool:
        return self.error is None and not self.share

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """The interval that covers the true value with probability 1 - level."""
        if self.share:
            return _wilson(self.value, self.of or 1, level)
        if self.error is None or self.error == 0:
            return self.value, self.value
        quantile = norm.isf(level / 2) if self.freedom is None else t.isf(level / 2, self.freedom)
        return self.value - quantile * self.error, self.value + quantile * self.error

    def needed(self, margin: float, level: float = LEVEL) -> float:
        """How many samples would decide whether the number lies below the margin; errors fall as 1 / sqrt(samples)."""
        low, high = self.interval(level)
        gap = abs(self.value - margin)
        return math.inf if gap == 0 or self.of is None else self.of * ((high - low) / 2 / gap) ** 2

    def to_json(self) -> dict[str, Any]:
        defaults = {field.name: field.default for field in fields(self)}
        return {name: value for name, value in asdict(self).items() if value is not defaults[name]}

    def __str__(self) -> str:
        """ "0.2301 [0.2101, 0.2501]" with its 95 % interval, or "20" where it is exact."""
        if self.exact:
            return f"{self.value:.4g}"
        low, high = self.interval()
        return f"{self.value:.3g} [{low:.3g}, {high:.3g}]"


Numbers = Mapping[str, Number]


def by_name(numbers: Sequence[Number]) -> dict[str, Number]:
    """The numbers under their names; ValueError where two have one name, since a rule could not tell them apart."""
    named = {number.name: number for number in numbers}
    if len(named) < len(numbers):
        raise ValueError(f"two numbers of one name among {[number.name for number in numbers]}")
    return named


def mean(name: str, values: Sequence[float], unit: str = "seeds") -> Number:
    """The mean of independent seeds or rounds, with its standard error."""
    spread = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Number(name, float(np.mean(values)), spread, len(values) - 1, len(values), unit)


def over_seeds(name: str, measure: Callable[[int], float], seeds: int) -> Number:
    """The mean of a measurement over seeds 0, 1, ..."""
    return mean(name, [measure(seed) for seed in range(seeds)])


def ratio(name: str, over: Sequence[float], under: Sequence[float]) -> Number:
    """The mean ratio of paired positive runs, such as interleaved latencies: the mean of the logs, and back.

    The error is that of the log, to first order.
    """
    logs = mean(name, np.log(np.array(over) / np.array(under)).tolist(), "rounds")
    value = math.exp(logs.value)
    return Number(name, value, value * (logs.error or 0.0), logs.freedom, logs.of, logs.unit)


def from_ufloat(name: str, number: UFloat, freedom: int, samples: int) -> Number:
    """A number of the library `uncertainties`, such as a paired difference of two rows of a table."""
    return Number(name, float(number.n), float(number.s), freedom, samples)


def _wilson(share: float, n: int, level: float) -> tuple[float, float]:
    z = float(norm.isf(level / 2))
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    width = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(middle - width, 0.0), min(middle + width, 1.0)
