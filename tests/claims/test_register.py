"""Claims and tests are entered once and found again."""

import pytest

from claims.numbers import Number
from claims.register import CLAIMS, TESTS, claim, in_order, measurements_of, measures, on
from claims.verdicts import above


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
