"""Each rule returns each of its verdicts, for numbers made up to that end."""

import pytest

from claims.numbers import Number
from claims.verdicts import (
    FAILS,
    HOLDS,
    NOT_MEASURABLE,
    PRODUCTS,
    UNDECIDED,
    WHERE,
    Rule,
    Verdict,
    above,
    all_of,
    always,
    any_of,
    below,
    between,
    by_case,
    direction,
    equals,
    listed,
)


def sharp(name: str, value: float) -> Number:
    return Number(name, value, 0.01, 24, 1000)


def vague(name: str, value: float) -> Number:
    return Number(name, value, 1.0, 24, 1000)


def numbers(*found: Number) -> dict[str, Number]:
    return {number.name: number for number in found}


@pytest.mark.parametrize(
    ("rule", "found", "verdict"),
    [
        (below("x", 0.25), sharp("x", 0.1), HOLDS),
        (below("x", 0.25), sharp("x", 0.4), FAILS),
        (below("x", 0.25), vague("x", 0.1), UNDECIDED),
        (below("x", 0.25), sharp("x", 0.24), UNDECIDED),  # near the margin: absence of evidence is no tie
        (above("x", 0.0), sharp("x", 0.1), HOLDS),
        (above("x", 0.0), sharp("x", -0.1), FAILS),
        (above("x", 0.0), vague("x", 0.1), UNDECIDED),
        (between("x", 16, 24), sharp("x", 20), HOLDS),
        (between("x", 16, 24), sharp("x", 10), FAILS),
        (between("x", 16, 24), sharp("x", 30), FAILS),
        (between("x", 16, 24), sharp("x", 24), UNDECIDED),
        (equals("x", 2), Number("x", 2), HOLDS),
        (equals("x", 2), Number("x", 3), FAILS),
    ],
)
def test_one_number_and_one_margin(rule, found, verdict):
    assert rule(numbers(found)).word == verdict


def test_a_stricter_level_decides_less():
    found = numbers(Number("x", 0.1, 0.04, 24, 1000))
    assert above("x", 0.0)(found).word == HOLDS and above("x", 0.0)(found, 0.001).word == UNDECIDED


def test_undecided_says_how_many_samples_would_decide():
    assert str(below("x", 0.25)(numbers(Number("x", 0.2, 0.05, 24, 2000)))) == (
        "undecided (about 8,600 samples would decide)"
    )
    strict = below("x", 0.25)(numbers(Number("x", 0.2, 0.05, 24, 2000)), 0.001)
    assert str(strict) == "undecided (about 29,000 samples would decide)"
    assert "no number of samples" in str(below("x", 0.25)(numbers(vague("x", 0.25))))


@pytest.mark.parametrize(
    ("values", "every", "some"),
    [
        ((-1, -1), HOLDS, HOLDS),
        ((-1, 1), FAILS, HOLDS),
        ((1, 1), FAILS, FAILS),
        ((-1, 0), UNDECIDED, HOLDS),
        ((1, 0), FAILS, UNDECIDED),
    ],
)
def test_all_and_any(values, every, some):
    found = numbers(*(sharp(name, value) for name, value in zip("ab", values, strict=True)))
    rules = below("a", 0.0), below("b", 0.0)
    assert all_of(*rules)(found).word == every and any_of(*rules)(found).word == some


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((-1, -1, -1), Verdict(HOLDS)),
        ((-1, 1, 1), Verdict(WHERE, "2 steps")),
        ((-1, -1, 1), Verdict(WHERE, "all but 8 steps")),
        ((-1, 0, 1), Verdict(WHERE, "2 steps; undecided: 4 steps; not where: 8 steps")),
        ((-1, -1, 0), Verdict(WHERE, "2 and 4 steps; undecided: 8 steps")),
        ((-1, 0, 0), Verdict(WHERE, "2 steps; undecided: 4 and 8 steps")),
        ((1, 1, 1), Verdict(FAILS)),
        ((0, 1, 1), Verdict(UNDECIDED, "no number of samples would decide", "4 and 8 steps")),
        ((0, 0, 0), Verdict(UNDECIDED, "no number of samples would decide")),
    ],
)
def test_cases(values, verdict):
    rule = by_case({f"{n} steps": below(f"{n}", 0.0) for n in (2, 4, 8)})
    assert rule(numbers(*(sharp(name, value) for name, value in zip("248", values, strict=True)))) == verdict


def test_without_a_case_that_holds_an_open_one_leaves_it_undecided_and_the_refuted_one_is_named():
    rule = by_case({"one": below("a", 0.0), "other": below("b", 0.0)})
    verdict = rule(numbers(sharp("a", 1), vague("b", 0.1)))
    assert verdict.word == UNDECIDED and verdict.short == "undecided; not where: one"
    assert str(verdict).startswith("undecided; not where: one (about ")


@pytest.mark.parametrize(
    ("values", "verdict"),
    [((-1, 0), HOLDS), ((1, 0), FAILS), ((-1, 1), WHERE), ((0, 0), UNDECIDED)],
)
def test_a_direction_is_judged_by_what_is_told_from_0(values, verdict):
    """Where all that is resolved has the other sign, the claim does not hold: a wrong sign is no condition."""
    found = numbers(*(sharp(name, value) for name, value in zip("ab", values, strict=True)))
    assert direction("holds if ...", ["a", "b"])(found).word == verdict


def test_what_no_number_changes():
    assert str(always(PRODUCTS, "ours are none")({})) == "a fact about products (ours are none)"
    assert always(NOT_MEASURABLE, "").verdicts == (NOT_MEASURABLE,)


def test_a_verdict_that_was_not_declared_is_refused():
    rule = Rule("", {}, (HOLDS,), lambda numbers, level: Verdict(FAILS))
    with pytest.raises(ValueError, match="returned 'does not hold here'"):
        rule({})


def test_a_last_word_that_all_share_is_said_once():
    assert listed(["10 steps", "15 steps", "20 steps"]) == "10, 15 and 20 steps"
    assert listed(["1 evaluation", "2 evaluations"]) == "1 and 2 evaluations"
    assert listed(["distance", "adherence"]) == "distance and adherence" and listed(["one"]) == "one"


def test_a_rule_of_many_cases_is_worded_once():
    rule = by_case({"a": below("a: excess", 0.25), "b": below("b: excess", 0.25)})
    assert rule.words == "case by case (a and b): holds if the number of that name lies below 0.25, not if above"
