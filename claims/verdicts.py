"""Verdicts, and the rules that lead from numbers to them.

A rule is written before the run. It is a pure function of the numbers and of the level at which their intervals are
taken, so that whoever has the numbers can reach the verdict again:

    rule = below("excess", 0.25)
    rule({"excess": Number("excess", 0.1, error=0.02)})      # holds

Each rule says which verdicts it can return, and all of them can be reached.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from claims.needed import in_words, needed
from claims.numbers import LEVEL, Number, Numbers

HOLDS = "holds"
WHERE = "holds where"  # and the condition
FAILS = "does not hold here"
UNDECIDED = "undecided"
PRODUCTS = "a fact about products"
NOT_MEASURABLE = "not measurable here"
NOT_YET = "not yet measured"
WORDS = (HOLDS, WHERE, FAILS, UNDECIDED, PRODUCTS, NOT_MEASURABLE, NOT_YET)


@dataclass(frozen=True)
class Verdict:
    """A verdict with what belongs to it: the condition, how many samples would decide, or what is missing.

    refuted    cases in which the claim does not hold, where the verdict on all of them is open
    """

    word: str
    note: str = ""
    refuted: str = ""

    @property
    def short(self) -> str:
        """The verdict with its condition, and without what would decide it or why it cannot be measured."""
        if self.word == WHERE:
            return f"{WHERE}: {self.note}"
        return f"{self.word}; not where: {self.refuted}" if self.refuted else self.word

    def __str__(self) -> str:
        return f"{self.short} ({self.note})" if self.note and self.word != WHERE else self.short


@dataclass(frozen=True)
class Rule:
    """From numbers to a verdict.

    words      the rule in words, for the page
    margins    the numbers that it reads, each with the margins on whose sides it is looked for
    verdicts   those that it can return
    judge      (numbers, level) -> Verdict
    cases      rules that are judged one by one, each of which may come out wrong by chance; none for a single one
    parts      into how many the level is divided where one number of several suffices for a verdict (Bonferroni)
    """

    words: str
    margins: Mapping[str, tuple[float, ...]]
    verdicts: tuple[str, ...]
    judge: Callable[[Numbers, float], Verdict]
    cases: tuple["Rule", ...] = ()
    parts: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.margins)

    def word(self, numbers: Numbers, level: float = LEVEL) -> str:
        """The verdict without what belongs to it."""
        word = self.judge(numbers, level).word
        if word not in self.verdicts:
            raise ValueError(f"a rule that can return {', '.join(self.verdicts)} returned {word!r}")
        return word

    def __call__(self, numbers: Numbers, level: float = LEVEL, held_out: int | None = None) -> Verdict:
        """The verdict; where it is open, with the number of samples at which this rule would decide.

        `held_out` is the number of real images that as many samples can be compared with, where that bounds them.
        """
        verdict = self.judge(numbers, level)
        if self.decides(numbers, level):
            return verdict
        words = in_words(needed(lambda more: self.decides(more, level), numbers, self.names), held_out)
        return Verdict(UNDECIDED, words, verdict.refuted)

    def decides(self, numbers: Numbers, level: float) -> bool:
        """Whether the rule comes to a decision."""
        return self.word(numbers, level) != UNDECIDED


DECIDES = (HOLDS, FAILS, UNDECIDED)


def side(number: Number, margin: float, level: float) -> int:
    """-1 if the whole interval lies below the margin, 1 if above, 0 if it covers it; an exact number takes a side."""
    low, high = number.interval(level)
    if number.exact:
        return -1 if number.value <= margin else 1
    return -1 if high < margin else 1 if low > margin else 0


def below(name: str, margin: float) -> Rule:
    """The claim holds if the number lies below the margin with all of its interval, and does not if above."""

    def judge(numbers: Numbers, level: float) -> Verdict:
        where = side(numbers[name], margin, level)
        return Verdict((HOLDS, UNDECIDED, FAILS)[where + 1])

    return Rule(f"holds if *{name}* lies below {margin:g}, not if above", {name: (margin,)}, DECIDES, judge)


def above(name: str, margin: float) -> Rule:
    """The claim holds if the number lies above the margin with all of its interval, and does not if below."""
    turned = {HOLDS: FAILS, FAILS: HOLDS, UNDECIDED: UNDECIDED}
    other = below(name, margin)

    def judge(numbers: Numbers, level: float) -> Verdict:
        return Verdict(turned[other.word(numbers, level)])

    return Rule(f"holds if *{name}* lies above {margin:g}, not if below", {name: (margin,)}, DECIDES, judge)


def between(name: str, low: float, high: float) -> Rule:
    """The claim holds if the interval lies between the two, and does not if it lies outside."""

    def judge(numbers: Numbers, level: float) -> Verdict:
        left, right = numbers[name].interval(level)
        if low <= left and right <= high:
            return Verdict(HOLDS)
        if right < low or left > high:
            return Verdict(FAILS)
        return Verdict(UNDECIDED)

    words = f"holds if *{name}* lies within {low:g} and {high:g}, not if outside"
    return Rule(words, {name: (low, high)}, DECIDES, judge)


def equals(name: str, value: float) -> Rule:
    """The claim holds if a count or an identity is exactly this, and does not otherwise."""

    def judge(numbers: Numbers, level: float) -> Verdict:
        return Verdict(HOLDS if numbers[name].value == value else FAILS)

    return Rule(f"holds if *{name}* is {value:g}", {name: (value,)}, (HOLDS, FAILS), judge)


def all_of(*rules: Rule) -> Rule:
    """The claim holds if it does by every rule, and does not if it fails by one."""
    return _joined("; and ", rules, one_suffices=FAILS, else_word=HOLDS)


def any_of(*rules: Rule) -> Rule:
    """The claim holds if it does by one rule, and does not if it fails by all."""
    return _joined("; or ", rules, one_suffices=HOLDS, else_word=FAILS)


def _joined(between: str, rules: tuple[Rule, ...], one_suffices: str, else_word: str) -> Rule:
    """One verdict of several rules: the word of which one suffices; else undecided if a rule is; else the other.

    Where one suffices, luck has as many chances as there are rules, and each is judged at that part of the level
    (Bonferroni); where all must agree it has no more chances than with one.
    """
    verdicts = tuple(word for word in DECIDES if any(word in rule.verdicts for rule in rules))
    chances = max(sum(UNDECIDED in rule.verdicts for rule in rules), 1)

    def judge(numbers: Numbers, level: float) -> Verdict:
        if any(rule.word(numbers, level / chances) == one_suffices for rule in rules):
            return Verdict(one_suffices)
        return Verdict(else_word if all(rule.word(numbers, level) == else_word for rule in rules) else UNDECIDED)

    words, parts = between.join(rule.words for rule in rules), chances * max(rule.parts for rule in rules)
    return Rule(words, _margins(rules), verdicts, judge, parts=parts)


def by_case(cases: Mapping[str, Rule]) -> Rule:
    """The claim holds in all cases, in some, which are then the condition, or in none; cases are named in few words.

    A case that is open is no exception: it is named beside the condition. Where no case holds and one is open, the
    claim is undecided, and the cases that are not are named.
    """
    rules = tuple(cases.values())
    open_ones = (UNDECIDED,) if any(UNDECIDED in rule.verdicts for rule in rules) else ()

    def judge(numbers: Numbers, level: float) -> Verdict:
        found = {name: rule.word(numbers, level) for name, rule in cases.items()}
        holds, still_open = ([name for name, word in found.items() if word == one] for one in (HOLDS, UNDECIDED))
        if len(holds) == len(found):
            return Verdict(HOLDS)
        if holds:
            return Verdict(WHERE, condition(holds, list(cases), still_open))
        if still_open:
            return Verdict(UNDECIDED, refuted=listed([name for name in found if name not in still_open]))
        return Verdict(FAILS)

    words, parts = _in_cases(cases), max(rule.parts for rule in rules)
    return Rule(words, _margins(rules), (HOLDS, WHERE, FAILS, *open_ones), judge, rules, parts)


def _in_cases(cases: Mapping[str, Rule]) -> str:
    """The rules in words: once, where they differ in the number alone."""
    alike = {rule.words.replace(f"*{rule.names[0]}*", "the number of that name") for rule in cases.values()}
    if len(alike) == 1:
        return f"case by case ({listed(list(cases))}): {alike.pop()}"
    return "case by case: " + "; ".join(f"*{name}*: {rule.words}" for name, rule in cases.items())


def condition(holds: Sequence[str], cases: Sequence[str], still_open: Sequence[str] = ()) -> str:
    """Where a claim holds, in few words: the cases themselves, or all but the exceptions where these are fewer.

    Where some are undecided, these are named, and so are those in which it does not hold.
    """
    exceptions = [name for name in cases if name not in holds and name not in still_open]
    if still_open:
        refuted = f"; not where: {listed(exceptions)}" if exceptions else ""
        return f"{listed(holds)}; undecided: {listed(still_open)}{refuted}"
    return f"all but {listed(exceptions)}" if len(exceptions) < len(holds) else listed(holds)


def listed(names: Sequence[str]) -> str:
    """ "1, 2 and 3 steps": a last word that all share is said once, in the plural where one of them has it so."""
    last = {name.rsplit(" ", 1)[-1] for name in names}
    if len(names) > 1 and len({word.removesuffix("s") for word in last}) == 1 and all(" " in name for name in names):
        return f"{listed([name.rsplit(' ', 1)[0] for name in names])} {max(last, key=len)}"
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def direction(words: str, names: Sequence[str]) -> Rule:
    """A claim that all of these differences are negative, judged by those that are told from 0.

    It holds if all of these are negative, does not if all are positive, and holds for some if their signs differ.
    Since one that is told suffices, each is judged at its part of the level.
    """

    def judge(numbers: Numbers, level: float) -> Verdict:
        level /= len(names)
        sides = {name: side(numbers[name], 0.0, level) for name in names}
        down, up = ([name for name in names if sides[name] == sign] for sign in (-1, 1))
        if down and up:
            return Verdict(WHERE, listed(down))
        if down or up:
            return Verdict(HOLDS if down else FAILS)
        return Verdict(UNDECIDED)

    margins = dict.fromkeys(names, (0.0,))
    return Rule(words, margins, (HOLDS, WHERE, FAILS, UNDECIDED), judge, parts=len(names))


def comparisons(rule: Rule, numbers: Numbers) -> list[Rule]:
    """The cases of a rule, or the rule itself, that read a number with an error: each may come out wrong by chance."""
    return [
        one
        for one in rule.cases or (rule,)
        if UNDECIDED in one.verdicts and not all(numbers[name].exact for name in one.names)
    ]


def decided(rule: Rule, numbers: Numbers, level: float) -> int:
    """How many of them come to a decision."""
    return sum(one.decides(numbers, level) for one in comparisons(rule, numbers))


def always(word: str, note: str) -> Rule:
    """A verdict that no number changes: a fact about products, or what cannot be measured here, and why."""
    return Rule("no number here could decide it", {}, (word,), lambda numbers, level: Verdict(word, note))


def _margins(rules: Sequence[Rule]) -> dict[str, tuple[float, ...]]:
    margins: dict[str, tuple[float, ...]] = {}
    for rule in rules:
        for name, values in rule.margins.items():
            margins[name] = tuple(sorted({*margins.get(name, ()), *values}))
    return margins
