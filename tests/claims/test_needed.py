"""How many samples would decide, against asking the rule at every count."""

import math

import pytest

from claims.images import evaluator, tables
from claims.needed import MOST, in_words, needed
from claims.numbers import LEVEL, Number, mean, share_difference
from claims.register import HELD_OUT, TESTS, Test
from claims.verdicts import UNDECIDED, above, all_of, any_of, below, between, by_case, direction

A = Number("a", 0.10, 0.08, 24, 40)
B = Number("b", 0.20, 0.12, 24, 40)
C = Number("c", -0.20, 0.30, 24, 40)
NUMBERS = {number.name: number for number in (A, B, C)}
RULES = {
    "one": below("a", 0.25),
    "within": between("a", 0.0, 0.25),
    "all, the last of which decides": all_of(above("a", 0.0), above("b", 0.0)),
    "all, one of which refutes": all_of(above("a", 0.0), above("c", 0.0)),
    "any, the first of which decides": any_of(above("a", 0.0), above("b", 0.0)),
    "any, none of which does": any_of(below("a", 0.0), above("c", 0.0)),
    "within cases": by_case({"a": above("a", 0.0), "c": above("c", 0.0)}),
    "cases that all fail": by_case({"a": below("a", 0.0), "b": below("b", 0.0)}),
    "a direction": direction("", ["a", "b", "c"]),
    "one in another": all_of(any_of(above("a", 0.0), above("b", 0.0)), below("c", 0.0)),
}


def brute_force(rule, numbers, level):
    """The first count at which the rule decides."""
    base = max(number.of for number in numbers.values())
    for count in range(base, 100_000):
        if rule.decides({name: number.grown(count / base) for name, number in numbers.items()}, level):
            return count
    return math.inf


@pytest.mark.parametrize("level", [LEVEL, LEVEL / 100])
@pytest.mark.parametrize("words", RULES)
def test_the_count_is_the_first_at_which_the_rule_decides(words, level):
    rule = RULES[words]
    assert not rule.decides(NUMBERS, level)
    found = needed(lambda more: rule.decides(more, level), NUMBERS, rule.names)
    assert found == {"samples": brute_force(rule, NUMBERS, level)} and found["samples"] < 100_000


def test_a_rule_of_several_numbers_waits_for_the_one_that_decides_it():
    """Where one suffices, the nearest to a decision counts; where all must agree, the farthest."""
    near, far = Number("a", 0.5, 0.25, 24, 100), Number("b", 0.05, 0.25, 24, 100)
    both = {"a": near, "b": far}
    one, every = any_of(above("a", 0.0), above("b", 0.0)), all_of(above("a", 0.0), above("b", 0.0))
    counts = [needed(lambda more, rule=rule: rule.decides(more, LEVEL), both, "ab")["samples"] for rule in (one, every)]
    assert counts[0] < 200 and counts[1] > 9000


@pytest.mark.parametrize("level", [LEVEL, 0.001])
def test_more_trainings_bring_freedom_of_their_own(level):
    """With three trainings Student's t has two degrees of freedom; with seven it has six, and is half as wide."""
    number, rule = mean("excess", [0.02, 0.10, 0.06], "trainings"), below("excess", 0.25)
    found = needed(lambda more: rule.decides(more, level), {"excess": number}, rule.names)
    assert found == {"trainings": brute_force(rule, {"excess": number}, level)}
    frozen = 3 * (number.interval(level)[1] - 0.06) ** 2 / 0.19**2  # if the degrees of freedom stayed two
    assert found["trainings"] < max(frozen, 4)


def test_shares_and_differences_of_shares_are_found_too():
    share = Number("s", 0.12, of=100, share=True)
    none = share_difference(mean("s", [0.0] * 297, "samples"), 0.0, 0.0)
    for number, rule in ((share, above("s", 0.1)), (none, below("s", 0.001))):
        found = needed(lambda more, rule=rule: rule.decides(more, LEVEL), {"s": number}, "s")
        assert number.of < found["samples"] == brute_force(rule, {"s": number}, LEVEL)


def test_counts_of_several_units_grow_together():
    numbers = {"a": A, "r": Number("r", 1.0, 0.2, 8, 9, "rounds")}
    found = needed(lambda more: more["a"].of >= 4 * A.of, numbers, numbers)
    assert found == {"samples": 160, "rounds": 36}
    assert in_words(found) == "about 160 samples and 36 rounds would decide"


def test_what_lies_on_a_margin_is_never_decided():
    rule = below("a", A.value)
    found = needed(lambda more: rule.decides(more, LEVEL), {"a": A}, "a")
    assert found == {"samples": math.inf} and in_words(found) == "no number of samples would decide"
    assert in_words({}) == in_words(found) and MOST > 10**6
    assert rule({"a": A}).word == UNDECIDED


def test_counts_are_given_to_two_digits_upwards():
    assert in_words({"samples": 8512}) == "about 8,600 samples would decide"
    assert in_words({"rounds": 7.0}) == "about 7 rounds would decide"


def test_more_samples_than_held_out_images_are_not_asked_for():
    """A distance of N samples is compared with that of N held-out images."""
    assert in_words({"samples": 8512}, 10_000) == in_words({"samples": 8512})
    assert in_words({"rounds": 400.0}, 297) == "about 400 rounds would decide"
    assert in_words({"samples": 298}, 297).startswith("more than the 297 held-out images allow: several seeds, or more")
    far = Number("a", 0.10, 0.08, 24, 297)
    found = [tables("x", f"{data}-diffusion") for data in ("digits", "mnist")]
    tests = [Test("C1", "", above("a", 0.0), case, list) for case in found]
    assert [test.verdict({"a": far}).note for test in tests] == [
        "more than the 297 held-out images allow: several seeds, or more held-out images, would decide",
        "about 810 samples would decide",
    ]


@pytest.mark.parametrize("data", HELD_OUT)
def test_as_many_images_are_held_out_as_the_features_have(data):
    assert HELD_OUT[data] == len(evaluator(f"{data}-diffusion").held_out.features)


def test_every_distance_in_the_register_knows_how_many_images_are_held_out():
    """Of rows and of techniques, and of nothing that compares no images."""
    for test in TESTS:
        assert (test.held_out is not None) >= test.case.rows and not (test.held_out and test.case.explains)
