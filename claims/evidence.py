"""What a measurement of a claim returns: numbers with their errors, and the verdict that follows from them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from diffusion_lessons.metrics.scores import resolved

HOLDS = "holds"
CONDITION = "holds with a condition"
FAILS = "does not hold here"
NOT_MEASURABLE = "not measurable here"
NOT_RESOLVABLE = "not resolvable here"
NOT_YET = "not yet measured"
VERDICTS = (HOLDS, CONDITION, FAILS, NOT_MEASURABLE, NOT_RESOLVABLE, NOT_YET)

CLOSE = 1.25  # a distance of at most this many times another is "about as good"


class Number(NamedTuple):
    """A measured number and its standard error, or None where it is exact (a count, an identity)."""

    name: str
    value: float
    spread: float | None = None

    def __str__(self) -> str:
        return f"{self.value:.4g}" if self.spread is None else f"{self.value:.4g} ± {self.spread:.2g}"

    def __sub__(self, other: "Number") -> "Number":
        """The difference of two independent numbers."""
        spread = ((self.spread or 0) ** 2 + (other.spread or 0) ** 2) ** 0.5
        return Number(f"{self.name} - {other.name}", self.value - other.value, spread)

    @property
    def resolved(self) -> bool:
        """Whether it differs from 0 by more than two standard errors."""
        return resolved(self.value, self.spread or 0)


@dataclass(frozen=True)
class Evidence:
    """The result of one measurement: a verdict, the reason for it, and the numbers.

    A measurement names the `checkpoints` that it finds out about as it goes, as {name: SHA-256}. The ledger adds those
    that were declared beforehand, what it was measured `on`, `where` (machine and versions) and the `seconds` it took.
    """

    verdict: str
    because: str
    numbers: list[Number] = field(default_factory=list)
    on: str = ""
    checkpoints: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def by_cases(holds: Sequence[bool], resolved: Iterable[bool] = (True,)) -> str:
    """The verdict on a claim that was looked at in several cases: it holds in all, in some (a condition), or in none.

    resolved: whether two standard errors tell the compared numbers apart, in each comparison. Where the claim holds in
        no case and they never do, the data cannot decide.

    Raises ValueError without any case, of which "all" would be true.
    """
    if not holds:
        raise ValueError("a verdict needs at least one case; none was given")
    if any(holds):
        return HOLDS if all(holds) else CONDITION
    return FAILS if any(resolved) else NOT_RESOLVABLE


def combined(evidence: Iterable[Evidence]) -> str:
    """The verdict on a claim from all of its evidence: theirs where they agree, a condition where they do not.

    Evidence that is missing, or that resolves nothing, does not count against the rest.
    """
    verdicts = {one.verdict for one in evidence}
    for silent in (NOT_YET, NOT_MEASURABLE, NOT_RESOLVABLE):
        if verdicts != {silent}:
            verdicts.discard(silent)
    if not verdicts:
        return NOT_YET
    return verdicts.pop() if len(verdicts) == 1 else CONDITION


def smaller(one: Number, other: Number) -> bool:
    """Whether one number lies below another by more than two standard errors."""
    return (one - other).resolved and one.value < other.value


def about_as_good(one: Number, other: Number) -> bool:
    """At most `CLOSE` times as far, or within two standard errors."""
    return one.value <= CLOSE * other.value or not (one - other).resolved


def hidden_difference(one: Number, other: Number) -> float:
    """The difference that two standard errors would hide, relative to the other number."""
    return 2 * ((one - other).spread or 0) / other.value


def if_resolvable(verdict: str, ones: Iterable[Number], other: Number) -> str:
    """This verdict, or "not resolvable" where a number equals the other only because samples are few.

    That is so where two standard errors of their difference hide more than the factor `CLOSE`.
    """
    hidden = (not (one - other).resolved and hidden_difference(one, other) > CLOSE - 1 for one in ones)
    return NOT_RESOLVABLE if any(hidden) else verdict
