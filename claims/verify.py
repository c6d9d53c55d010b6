"""Measuring a part of the ledger again on this machine, and saying which numbers moved beyond their intervals.

Where numbers are read from rows of tables, some of these rows are sampled anew, with few samples or with all, and
compared with what the table holds. If all of them are, in full, the verdict is reached from the new ones. Nothing is
written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from claims.evidence import Evidence, Ledger
from claims.images import noted, through, value
from claims.ledger import measure
from claims.numbers import LEVEL, Number
from claims.register import Test, in_order, measurements_of
from claims.verdicts import NOT_YET, Verdict, listed
from diffusion_lessons.benchmark import again
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.sampling import Settings

QUICK = 20.0  # seconds: without names, what took longer is left out
RARE = 1e-3  # level of the intervals of rows that are sampled anew: many figures are compared, and few samples drawn
ROUNDING = 1e-3  # by which an exact number may differ from one processor to another, relative to its size


@dataclass(frozen=True)
class Draw:
    """How many rows of a table are sampled anew for each test, those of the fewest evaluations first; None is all.

    samples    of each; None is as many as the row has
    """

    rows: int | None = 1
    samples: int | None = 100

    @property
    def whole(self) -> bool:
        """Whether the verdict can be reached from what is drawn."""
        return self.rows is None and self.samples is None


@dataclass(frozen=True)
class Check:
    """A test that was measured again: the numbers that moved, as (before, now), both verdicts, and what was drawn."""

    test: Test
    moved: tuple[tuple[Number, Number], ...]
    before: Verdict
    now: Verdict
    drawn: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = f"{self.test.claim:5} {self.test.case.words}: "
        changes = [f"{one.name}: {one}, now {other}" for one, other in self.moved]
        changes += [f"verdict: {self.before}, now {self.now}"] if self.before.word != self.now.word else []
        return "; ".join([words + (changes[0] if changes else "as it was"), *changes[1:], *self.drawn])


Row = tuple[str, tuple[Settings, int, int, bool]]  # the network and the key of a row
_drawn: dict[tuple[Row, int | None], Measurement] = {}  # many claims read one row


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
            elif test.case.command and not test.case.rows:
                left.append((test, f"read from a table, which `{test.case.command}` measures anew"))
            elif not names and one.seconds > QUICK:
                left.append((test, f"took {one.seconds:g} s: name the claim to include it"))
            elif one.numbers:
                again.append((test, one))
    return again, left


def verify(pairs: Iterable[tuple[Test, Evidence]], draw: Draw = Draw()) -> Iterator[Check]:
    """Measure each test again and compare it with the evidence that was kept."""
    for test, before in pairs:
        with noted() as read:
            now = measure(test)
        moved, words = _redrawn(read, draw)
        if draw.whole and read:
            with through(lambda row: _drawn[_row(row), None]):
                now = measure(test)
        numbers = {number.name: number for number in now.numbers}
        both = [(number, numbers[number.name]) for number in before.numbers if number.name in numbers]
        moved = [*(pair for pair in both if has_moved(*pair)), *moved]
        verdict = test.verdict(numbers, before.level) if numbers else now.verdict
        yield Check(test, tuple(moved), before.verdict, verdict, tuple(words))


def _redrawn(read: list[Measurement], draw: Draw) -> tuple[list[tuple[Number, Number]], list[str]]:
    """The figures that moved of the rows that are sampled anew, and in words which these rows are."""
    rows = sorted({_row(row): row for row in read}.values(), key=lambda row: row.nfe * row.samples)
    moved, words = [], []
    for row in rows[: draw.rows]:
        key = _row(row), draw.samples
        if key not in _drawn:
            _drawn[key] = again.drawn_again(row, draw.samples)
        other = _drawn[key]
        name = f"{row.settings} on {row.checkpoint}"
        figures = [one for one, score in other.quality.items() if score.replicates and one in row.quality]
        pairs = [(value(name, row, figure), value(name, other, figure)) for figure in figures]
        moved += [pair for pair in pairs if has_moved(*pair, RARE)]
        count = f"{other.samples:,}" if other.samples == row.samples else f"{other.samples:,} of {row.samples:,}"
        left = "" if other.samples == row.samples else ", and no distance: that needs as many samples"
        words.append(f"{name}: {count} samples drawn anew, {listed(figures)} compared{left}")
    return moved, words


def _row(row: Measurement) -> Row:
    return row.checkpoint, row.key


def has_moved(before: Number, now: Number, level: float = LEVEL) -> bool:
    """Whether two measurements of a number differ by more than their intervals, or by rounding if it is exact."""
    if before.exact and now.exact:
        return abs(now.value - before.value) > ROUNDING * max(abs(before.value), abs(now.value), 1e-3)
    widths = [(high - low) / 2 for low, high in (before.interval(level), now.interval(level))]
    return abs(now.value - before.value) > (widths[0] ** 2 + widths[1] ** 2) ** 0.5 + 1e-12
