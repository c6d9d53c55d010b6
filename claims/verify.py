"""Measuring a part of the ledger again on this machine, and saying which numbers moved beyond their intervals.

What is read from a table is not measured again by this: the command under its row makes the table. Nothing is written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from claims.evidence import Evidence, Ledger
from claims.ledger import measure
from claims.numbers import Number
from claims.register import Test, in_order, measurements_of
from claims.verdicts import NOT_YET, Verdict

QUICK = 20.0  # seconds: without names, what took longer is left out
ROUNDING = 1e-3  # by which an exact number may differ from one processor to another, relative to its size


@dataclass(frozen=True)
class Check:
    """A test that was measured again: the numbers that moved, as (before, now), and both verdicts."""

    test: Test
    moved: tuple[tuple[Number, Number], ...]
    before: Verdict
    now: Verdict

    def __str__(self) -> str:
        words = f"{self.test.claim:5} {self.test.case.words}: "
        changes = [f"{one.name}: {one}, now {other}" for one, other in self.moved]
        changes += [f"verdict: {self.before}, now {self.now}"] if self.before.word != self.now.word else []
        return words + ("; ".join(changes) or "as it was")


def chosen(ledger: Ledger, names: Iterable[str] = ()) -> tuple[list[tuple[Test, Evidence]], list[tuple[Test, str]]]:
    """What can be measured again, of these claims or of all that is quick, and what is left out, with the reason."""
    names = list(names)
    again, left = [], []
    for name in names or in_order(ledger):
        kept = {one.on: one for one in ledger.get(name, [])}
        for test in measurements_of(name):
            one = kept.get(test.case.words)
            if one is None or one.verdict.word == NOT_YET:
                left.append((test, "not measured yet"))
            elif test.case.command:
                left.append((test, f"read from a table, which `{test.case.command}` makes"))
            elif not names and one.seconds > QUICK:
                left.append((test, f"took {one.seconds:g} s: name the claim to include it"))
            elif one.numbers:
                again.append((test, one))
    return again, left


def verify(pairs: Iterable[tuple[Test, Evidence]]) -> Iterator[Check]:
    """Measure each test again and compare it with the evidence that was kept."""
    for test, before in pairs:
        now = measure(test)
        numbers = {number.name: number for number in now.numbers}
        both = [(number, numbers[number.name]) for number in before.numbers if number.name in numbers]
        moved = tuple(pair for pair in both if has_moved(*pair))
        yield Check(test, moved, before.verdict, test.rule(numbers, before.level) if numbers else now.verdict)


def has_moved(before: Number, now: Number) -> bool:
    """Whether two measurements of a number differ by more than their 95 % intervals, or by rounding if it is exact."""
    if before.exact and now.exact:
        return abs(now.value - before.value) > ROUNDING * max(abs(before.value), abs(now.value), 1e-3)
    widths = [(high - low) / 2 for low, high in (before.interval(), now.interval())]
    return abs(now.value - before.value) > (widths[0] ** 2 + widths[1] ** 2) ** 0.5 + 1e-12
