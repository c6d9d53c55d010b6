"""Numbers with their standard errors, by the library `uncertainties`: arithmetic with them carries the errors along.

A number of the library has the value `.n` and the standard error `.s`. What two results share counts once: with a floor
f common to both, (d - f) / (e - f) and (d - f) - (e - f) have the errors that they should.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from uncertainties import UFloat
from uncertainties.core import Variable


def measured(value: float, spread: float, name: str | None = None) -> Variable:
    """A number that was measured, with its standard error (0 where it did not vary) and perhaps a name, its `.tag`."""
    return Variable(value, spread, tag=name)


def over_draws(values: Sequence[float]) -> Variable:
    """The mean of at least two draws, with the standard deviation of one."""
    return measured(float(np.mean(values)), float(np.std(values, ddof=1)))


@cache
def shared(value: float, spread: float, n: int) -> Variable:
    """What results at one sample count have in common, such as the floor: one variable, however often it is read."""
    return measured(value, spread)


def resolved(difference: UFloat) -> bool:
    """Whether a difference is distinguished from 0: it exceeds two of its standard errors."""
    return bool(abs(difference.n) > 2 * difference.s)
