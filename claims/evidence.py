"""What is kept of one measurement: its numbers with where, when and on what they were measured, and the verdict.

The verdicts of a page are reached together: Holm's correction (1979) keeps the chance that any of them rests on luck
alone at 5 %, for what decides and for the toys that explain apart. The evidence is ordered by the level at which its
rule comes to a decision; the k-th of m must come to one at 5 % / (m - k + 1). From the first that does not, all that
follow are undecided.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from claims.numbers import LEVEL, Number, by_name
from claims.register import TESTS, Test
from claims.verdicts import NOT_YET, UNDECIDED, Rule, Verdict

WAITING = Verdict(NOT_YET)
LOWEST = 1e-12  # of the levels that are told apart


@dataclass(frozen=True)
class Evidence:
    """The result of one test of a claim.

    on            the case's words, by which the test is found again
    numbers       what was measured
    verdict       by the test's rule, at `level`; "not yet measured" where something is missing
    checkpoints   the networks behind it, {name: SHA-256}
    where         machine, versions, commit and date
    seconds       that it took
    """

    on: str
    numbers: tuple[Number, ...] = ()
    verdict: Verdict = WAITING
    level: float = LEVEL
    checkpoints: dict[str, str] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "numbers": [number.to_json() for number in self.numbers],
            "verdict": self.verdict.word,
            "note": self.verdict.note,
        }

    @classmethod
    def from_json(cls, entries: Mapping[str, Any]) -> "Evidence":
        numbers = tuple(Number(**number) for number in entries["numbers"])
        rest = {key: value for key, value in entries.items() if key not in ("numbers", "verdict", "note")}
        return cls(**rest, numbers=numbers, verdict=Verdict(entries["verdict"], entries["note"]))


Ledger = dict[str, list[Evidence]]


def deciding_level(rule: Rule, evidence: Evidence) -> float:
    """The least level at which the rule comes to a decision, within a factor of 1.1; 1 where it does not at 5 %."""
    numbers = by_name(evidence.numbers)

    def decides(level: float) -> bool:
        return rule(numbers, level).word != UNDECIDED

    if not decides(LEVEL):
        return 1.0
    low, high = LOWEST, LEVEL
    if decides(low):
        return 0.0
    while high / low > 1.1:
        middle = (low * high) ** 0.5
        low, high = (low, middle) if decides(middle) else (middle, high)
    return high


def judged(ledger: Ledger) -> Ledger:
    """The same ledger with every verdict reached anew from its numbers, by Holm's correction over the page."""
    tests = {test.key: test for test in TESTS}
    families: dict[bool, dict[tuple[str, str], float]] = {False: {}, True: {}}
    for name, evidence in ledger.items():
        for one in evidence:
            test = tests[name, one.on]
            if _by_chance(test.rule, one):
                families[test.case.explains][test.key] = deciding_level(test.rule, one)
    levels = {key: level for family in families.values() for key, level in holm_levels(family).items()}
    return {name: [_judged(one, tests[name, one.on], levels) for one in rows] for name, rows in ledger.items()}


def _by_chance(rule: Rule, one: Evidence) -> bool:
    """Whether luck could have a part in this verdict: the rule reads a number that has an error."""
    numbers = by_name(one.numbers)
    return UNDECIDED in rule.verdicts and any(name in numbers and not numbers[name].exact for name in rule.names)


def holm_levels(deciding: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The level at which each rule is judged; from the first that does not decide on, too strict a one for the rest."""
    levels: dict[tuple[str, str], float] = {}
    for rank, (key, level) in enumerate(sorted(deciding.items(), key=lambda item: item[1])):
        levels[key] = LEVEL / (len(deciding) - rank)
        if level > levels[key]:  # stop: this one and all that need a weaker level stay undecided
            stopped = levels[key]
            return levels | {other: stopped for other in deciding if other not in levels}
    return levels


def _judged(one: Evidence, test: Test, levels: Mapping[tuple[str, str], float]) -> Evidence:
    if one.verdict.word == NOT_YET and not one.numbers and test.rule.names:
        return one
    level = levels.get(test.key, LEVEL)
    return replace(one, level=level, verdict=test.rule(by_name(one.numbers), level))
