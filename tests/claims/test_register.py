"""Claims and tests are entered once and found again, and what they state of their counts is what was measured."""

import re

import pytest

import claims
from claims.evidence import outdated
from claims.numbers import Number
from claims.register import CLAIMS, TESTS, claim, in_order, measurements_of, measures, on
from claims.verdicts import above

STATED = re.compile(r"(?<!in )\b(\d[\d,]*) (?:samples|seeds|rounds|trainings|sentences)\b")
STORED = [
    (test, one) for test in claims.TESTS for one in claims.read().get(test.claim, []) if one.on == test.case.words
]


def test_a_function_is_entered_for_each_case(empty):
    claim("C9a", "2, DPM-Solver", "Higher orders need fewer steps.")
    measures("C9a", "Slopes.", above("x", 0.0), on("one", table="first"), on("other", explains=True))(
        lambda table="": [Number("x", 1.0)]
    )
    assert [test.key for test in measurements_of("C9a")] == [("C9a", "one"), ("C9a", "other")]
    assert [test.case.explains for test in TESTS] == [False, True]
    assert TESTS[0].case.arguments == {"table": "first"}
    assert list(CLAIMS) == ["C9a"] and CLAIMS["C9a"].text == "2"


def test_a_claim_is_entered_once(empty):
    claim("C1", "1", "One.")
    with pytest.raises(ValueError, match="C1 is entered twice"):
        claim("C1", "1", "Another.")


def test_the_order_is_by_number_and_letter():
    assert in_order(["C10a", "C2", "C1b", "C1a", "C14b", "C14"]) == ["C1a", "C1b", "C2", "C10a", "C14", "C14b"]


def name(value):
    return "-".join(value.key) if isinstance(value, claims.register.Test) else ""


def test_no_row_is_of_an_earlier_test_or_of_another_count_than_its_test_states():
    assert len(STORED) > 150
    assert [(test.key, words) for test, one in STORED if one.numbers and (words := outdated(test, one))] == []


@pytest.mark.parametrize("test", claims.TESTS, ids=name)
def test_what_is_measured_without_a_table_states_on_how_many_of_what(test):
    """Of what is read from a table, the table decides; what has no error was counted or calculated."""
    kept = [one for other, one in STORED if other is test and any(not number.exact for number in one.numbers)]
    if kept and not test.case.command:
        assert test.counts and set(test.counts) <= {number.unit for number in kept[0].numbers}


@pytest.mark.parametrize(("test", "one"), STORED, ids=name)
def test_counts_in_the_words_of_a_test_are_those_of_its_numbers(test, one):
    counts = {int(count.replace(",", "")) for count in STATED.findall(test.compares)}
    found = {number.of for number in one.numbers}
    alike = {number.of for other, each in STORED if other.compares == test.compares for number in each.numbers}
    if test.counts and one.numbers:  # of several cases in one test each has its own
        assert counts <= alike | set(test.of.values()) and (not counts or counts & found), (counts, found)


def test_a_ratio_of_two_distances_has_an_interval_that_knows_its_denominator():
    """By Fieller: numbers that older code left without it are to be measured anew."""
    ratios = [
        (test.key, number.name)
        for test, one in STORED
        for number in one.numbers
        if number.name in test.rule.names and "excess" in number.name and "minus" not in number.name
        if number.error is not None and number.unit == "samples" and not number.under
    ]
    assert ratios == []
