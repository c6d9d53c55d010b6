"""What a claim is, how it is measured, and the register of both, into which each subject enters its own.

    claim("C11", "both texts", "Scale 1 is plain conditional sampling, scale 0 is unconditional.")

    @measures("C11", "bit equality of the estimates", equals("equal", 6), on("an exact mixture"))
    def identity() -> list[Number]: ...

A measurement returns numbers and no verdict: that is the rule's, which stands beside it and was written before the run.
Images decide a claim about images, and toys explain it: a case with `explains=True` never decides.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from claims.numbers import LEVEL, Number, Numbers
from claims.verdicts import Rule, Verdict

SOURCES = {
    1: "the lesson *Diffusion models II, training and sampling* of an online course (no author stated)",
    2: "*Sampling & Guidance: The Dialects of Noise* by Gopi Krishna Tummala, 25 January 2025, part 3 of his "
    "Diffusion Models Series",
}
Measurement = Callable[..., list[Number]]
HELD_OUT = {"digits": 297, "mnist": 10_000, "cifar10": 10_000, "captions": 4_000}  # real images beside the reference


@dataclass(frozen=True)
class Claim:
    """One statement of a text, in our words, as strong and as hedged as it was made.

    source    the text, 1 or 2 (or both), and the section
    waits     what is missing where nothing tests it yet
    """

    name: str
    source: str
    statement: str
    waits: str = ""

    @property
    def text(self) -> str:
        """The number of the text, or of both: "1", "2" or "1, 2"."""
        return ", ".join(str(number) for number in SOURCES if str(number) in self.source)


@dataclass(frozen=True)
class Case:
    """What a claim is measured on: in words, the files that this needs, and the measurement's arguments.

    explains    whether this is a toy beside a claim about images, which it explains and does not decide
    command     what measures the tables anew that are read; empty where the measurement itself does all the work
    rows        whether these are tables of rows that can be drawn again one by one
    of          on how many of what it is measured: {"samples": 2500}
    trained     whether networks are compared of which this case trained one
    compared    whether samples are compared with as many held-out images, which bounds their number
    """

    words: str
    needs: tuple[str, ...] = ()
    arguments: dict[str, Any] = field(default_factory=dict)
    explains: bool = False
    command: str = ""
    rows: bool = False
    of: dict[str, int] = field(default_factory=dict)
    trained: bool = False
    compared: bool = False


def on(
    words: str,
    *,
    needs: Iterable[str] = (),
    explains: bool = False,
    command: str = "",
    rows: bool = False,
    of: dict[str, int] | None = None,
    trained: bool = False,
    compared: bool = False,
    **arguments: Any,
) -> Case:
    """A case. `needs` names checkpoints, or tables as "mnist-diffusion.jsonl"."""
    return Case(words, tuple(needs), arguments, explains, command, rows, of or {}, trained, compared or rows)


@dataclass(frozen=True)
class Test:
    """A measurement of a claim in one case, and the rule by which its numbers give the verdict.

    of    on how many of what every case is measured that does not say so itself: {"rounds": 12}
    """

    __test__ = False  # not one of pytest's

    claim: str
    compares: str
    rule: Rule
    case: Case
    function: Measurement
    of: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """On how many of what this is measured; empty where that is up to the table that is read."""
        return self.of | self.case.of

    @property
    def key(self) -> tuple[str, str]:
        return self.claim, self.case.words

    @property
    def held_out(self) -> int | None:
        """How many held-out images its rows can be compared with, hence samples; None where it reads no such rows."""
        needs = self.case.needs if self.case.compared else ()
        return min((HELD_OUT[name.split("-")[0]] for name in needs), default=None)

    def verdict(self, numbers: Numbers, level: float = LEVEL) -> Verdict:
        """By its rule; where it is open, with what would decide, as far as there are held-out images."""
        return self.rule(numbers, level, self.held_out)


CLAIMS: dict[str, Claim] = {}
TESTS: list[Test] = []


def claim(name: str, source: str, statement: str, *, waits: str = "") -> None:
    """Enter a claim of a text, such as "1, pitfalls"."""
    if name in CLAIMS:
        raise ValueError(f"{name} is entered twice")
    CLAIMS[name] = Claim(name, source, statement, waits)


def measures(
    name: str, compares: str, rule: Rule, *cases: Case, of: dict[str, int] | None = None
) -> Callable[[Measurement], Measurement]:
    """Enter a measurement of a claim for each case. `compares` says what is compared, `of` on how many of what."""

    def register(function: Measurement) -> Measurement:
        TESTS.extend(Test(name, compares, rule, case, function, of or {}) for case in cases)
        return function

    return register


def measurements_of(name: str) -> list[Test]:
    """The tests of a claim, in the order of its file."""
    return [test for test in TESTS if test.claim == name]


def in_order(names: Iterable[str]) -> list[str]:
    """Names of claims by number and letter: C1a, C1b, C2a, ... C10a."""
    return sorted(names, key=lambda name: (int("".join(filter(str.isdigit, name))), name))
