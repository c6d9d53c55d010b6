"""What is kept of one measurement: its numbers with where, when and on what they were measured, and the verdict.

The verdicts of a page are reached together: Holm's correction (1979) keeps the chance that any of them rests on luck
alone at 5 %, for what decides and for the toys that explain apart. What is counted are comparisons, of which a test
with several cases makes several. The evidence is ordered by the level at which its rule comes to a decision; it must
come to one at 5 % / (comparisons that are not decided yet). From the first that does not, all that follow are
undecided.

A row that was left open may be measured again on more samples. Two looks are two chances for luck, so the 5 % are
divided by the number of looks at the row that had the most (Bonferroni), and by `LOOKS` at least, which were planned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from claims.numbers import LEVEL, Number, by_name
from claims.register import TESTS, Test
from claims.verdicts import NOT_YET, Rule, Verdict, comparisons, decided

WAITING = Verdict(NOT_YET)
LOWEST = 1e-12  # of the levels that are told apart
LOOKS = 2  # at one row, that are planned: at first, and once more on more samples where that left it open


@dataclass(frozen=True)
class Evidence:
    """The result of one test of a claim.

    on            the case's words, by which the test is found again
    numbers       what was measured
    verdict       by the test's rule, at `level`; "not yet measured" where something is missing
    checkpoints   the networks behind it, {name: SHA-256}
    where         machine, versions, commit and date
    seconds       that it took
    looks         how often this was measured on these networks, each time on another number of samples
    """

    on: str
    numbers: tuple[Number, ...] = ()
    verdict: Verdict = WAITING
    level: float = LEVEL
    checkpoints: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    looks: int = 1

    @property
    def counts(self) -> set[tuple[str, int]]:
        """Of how many of what its numbers are: {("samples", 2000)}."""
        return {(number.unit, number.of) for number in self.numbers if number.of is not None}

    def after(self, before: "Evidence | None") -> "Evidence":
        """The same, with one look more than what was kept before of these networks, if that is of other counts."""
        if before is None or not before.numbers or _networks(before) != _networks(self):
            return self
        return replace(self, looks=before.looks + (before.counts != self.counts))

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "numbers": [number.to_json() for number in self.numbers],
            "verdict": self.verdict.word,
            "note": self.verdict.note,
            "refuted": self.verdict.refuted,
        }

    @classmethod
    def from_json(cls, entries: Mapping[str, Any]) -> "Evidence":
        numbers = tuple(Number(**number) for number in entries["numbers"])
        verdict = Verdict(entries["verdict"], entries["note"], entries.get("refuted", ""))
        rest = {key: value for key, value in entries.items() if key not in ("numbers", "verdict", "note", "refuted")}
        return cls(**rest, numbers=numbers, verdict=verdict)


def _networks(one: Evidence) -> dict[str, str]:
    """The networks that were judged, without those that judge."""
    return {name: sha256 for name, sha256 in one.checkpoints.items() if not name.endswith("-features")}


Ledger = dict[str, list[Evidence]]
Key = tuple[str, str]  # of a test


class Family(NamedTuple):
    """What Holm's correction asks of the evidence of one test.

    deciding     the least level at which its rule comes to a decision
    comparisons  that its rule makes
    decided      how many of them are decided at a level
    """

    deciding: float
    comparisons: int = 1
    decided: Callable[[float], int] = lambda level: 1


def deciding_level(rule: Rule, evidence: Evidence) -> float:
    """The least level at which the rule comes to a decision, within a factor of 1.1; 1 where it does not at 5 %."""
    numbers = by_name(evidence.numbers)

    if not rule.decides(numbers, LEVEL):
        return 1.0
    low, high = LOWEST, LEVEL
    if rule.decides(numbers, low):
        return 0.0
    while high / low > 1.1:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if rule.decides(numbers, middle) else (middle, high)
    return high


def judged(ledger: Ledger) -> Ledger:
    """The same ledger with every verdict reached anew from its numbers, by Holm's correction over the page."""
    tests = {test.key: test for test in TESTS}
    families: dict[bool, dict[Key, Family]] = {False: {}, True: {}}
    for name, evidence in ledger.items():
        for one in evidence:
            test = tests[name, one.on]
            if _by_chance(test, one):
                families[test.case.explains][test.key] = _family(test.rule, one)
    level = LEVEL / most_looks(ledger)
    levels = {key: found for family in families.values() for key, found in holm_levels(family, level).items()}
    return {name: [_judged(one, tests[name, one.on], levels, level) for one in rows] for name, rows in ledger.items()}


def most_looks(ledger: Ledger) -> int:
    """How many looks any row may have had: those that were planned, or those that were taken where these are more."""
    return max([LOOKS, *(one.looks for rows in ledger.values() for one in rows)])


def outdated(test: Test, one: Evidence) -> str:
    """In which way the test was changed since this was measured; empty where it was not.

    The rule reads numbers that are missing, or the numbers are of other counts than the test states.
    """
    numbers = by_name(one.numbers)
    if not set(test.rule.names) <= set(numbers):
        return "its numbers are of an earlier test"
    uncertain = [number for number in one.numbers if not number.exact]
    decisive = [number for number in uncertain if number.name in test.rule.names] or uncertain
    for unit, asked in test.counts.items():
        found = {number.of for number in decisive if number.unit == unit}
        if one.numbers and asked not in found:
            counts = " and ".join(f"{count:,}" for count in sorted(filter(None, found))) or "no"
            return f"its numbers are of {counts} {unit}, and the test asks for {asked:,}"
    return ""


def _by_chance(test: Test, one: Evidence) -> bool:
    """Whether luck could have a part in this verdict: the rule reads a number that has an error."""
    return not outdated(test, one) and bool(comparisons(test.rule, by_name(one.numbers)))


def _family(rule: Rule, one: Evidence) -> Family:
    numbers = by_name(one.numbers)
    return Family(
        deciding_level(rule, one), len(comparisons(rule, numbers)), lambda level: decided(rule, numbers, level)
    )


def holm_levels(tests: Mapping[Key, Family], level: float = LEVEL) -> dict[Key, float]:
    """The level at which each rule is judged; from the first that does not decide on, too strict a one for the rest.

    `level` bounds the chance of a wrong decision among all of them.

    Comparisons of a test that is decided by the others stay among those that are not: until a wrong decision all that
    could be one are still counted, so that its chance is at most 5 % in all.
    """
    levels: dict[Key, float] = {}
    remaining = sum(one.comparisons for one in tests.values())
    for key, one in sorted(tests.items(), key=lambda item: item[1].deciding):
        levels[key] = level / remaining
        if one.deciding > levels[key]:  # stop: this one and all that need a weaker level stay undecided
            return levels | {other: levels[key] for other in tests if other not in levels}
        remaining -= one.decided(levels[key])
    return levels


def _judged(one: Evidence, test: Test, levels: Mapping[Key, float], whole: float) -> Evidence:
    if one.verdict.word == NOT_YET and not one.numbers and test.rule.names:
        return one
    if changed := outdated(test, one):
        return replace(one, verdict=Verdict(NOT_YET, changed))
    level = levels.get(test.key, whole)
    return replace(one, level=level, verdict=test.verdict(by_name(one.numbers), level))
