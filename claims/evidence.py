"""What a measurement of a claim returns: numbers with their errors, and the verdict that follows from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any

from uncertainties import UFloat

from diffusion_lessons.metrics.errors import measured, resolved

HOLDS = "holds"
CONDITION = "holds with a condition"
FAILS = "does not hold here"
NOT_MEASURABLE = "not measurable here"
NOT_RESOLVABLE = "not resolvable here"
NOT_YET = "not yet measured"
VERDICTS = (HOLDS, CONDITION, FAILS, NOT_MEASURABLE, NOT_RESOLVABLE, NOT_YET)

CLOSE = 1.25  # a distance of at most this many times another is "about as good"


def named(name: str, value: float, spread: float | None = None) -> UFloat:
    """A number with a name, `.tag`, and its standard error: None, kept as NaN, where it is exact (a count, say)."""
    return measured(value, nan if spread is None else spread, name)


def entry(number: UFloat) -> tuple[str, float, float | None]:
    """Name, value and standard error, or None for it where the number is exact; `named` is its inverse."""
    return number.tag, number.n, None if isnan(number.s) else number.s


def text(number: UFloat) -> str:
    """ "0.2301 ± 0.0012", or "20" where it is exact."""
    return f"{number.n:.4g}" if isnan(number.s) else f"{number.n:.4g} ± {number.s:.2g}"


@dataclass(frozen=True)
class Evidence:
    """The result of one measurement: a verdict, the reason for it, and the numbers.

    A measurement returns the `checkpoints` that it chooses while it runs, as {name: SHA-256}. The ledger adds those
    that were declared beforehand, what it was measured `on`, `where` (machine and versions) and the `seconds` it took.
    """

    verdict: str
    because: str
    numbers: list[UFloat] = field(default_factory=list)
    on: str = ""
    checkpoints: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def by_cases(holds: Sequence[bool], resolved: Iterable[bool] = (True,)) -> str:
    """The verdict on a claim that was measured in several cases: it holds in all, in some (a condition), or in none.

    resolved: whether two standard errors tell the compared numbers apart, in each comparison. Where the claim holds in
        no case and they never do, the data cannot decide.

    Raises ValueError without any case, for which "holds in all" would be vacuously true.
    """
    if not holds:
        raise ValueError("a verdict needs at least one case; none was given")
    if any(holds):
        return HOLDS if all(holds) else CONDITION
    return FAILS if any(resolved) else NOT_RESOLVABLE


def combined(evidence: Iterable[Evidence]) -> str:
    """The verdict on a claim from all of its evidence: the common verdict if there is one, and a condition otherwise.

    Evidence that is missing, or that resolves nothing, does not count against the rest.
    """
    verdicts = {one.verdict for one in evidence}
    for silent in (NOT_YET, NOT_MEASURABLE, NOT_RESOLVABLE):
        if verdicts != {silent}:
            verdicts.discard(silent)
    if not verdicts:
        return NOT_YET
    return verdicts.pop() if len(verdicts) == 1 else CONDITION


def smaller(one: UFloat, other: UFloat) -> bool:
    """Whether one number lies below another by more than two standard errors."""
    return resolved(one - other) and one.n < other.n


def about_as_good(one: UFloat, other: UFloat) -> bool:
    """Whether a distance is at most `CLOSE` times another, or within two standard errors of it."""
    return one.n <= CLOSE * other.n or not resolved(one - other)


def hidden_difference(one: UFloat, other: UFloat) -> float:
    """The difference that two standard errors would hide, relative to the other number."""
    return 2 * (one - other).s / other.n


def if_resolvable(verdict: str, ones: Iterable[UFloat], other: UFloat) -> str:
    """This verdict, or "not resolvable" where a number equals the other only because samples are few.

    That is so where two standard errors of their difference hide more than the factor `CLOSE`.
    """
    hidden = (not resolved(one - other) and hidden_difference(one, other) > CLOSE - 1 for one in ones)
    return NOT_RESOLVABLE if any(hidden) else verdict
