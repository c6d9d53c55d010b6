"""Verdicts follow from cases and from their errors."""

import pytest

from claims.evidence import (
    CONDITION,
    FAILS,
    HOLDS,
    NOT_RESOLVABLE,
    NOT_YET,
    Evidence,
    about_as_good,
    by_cases,
    combined,
    hidden_difference,
    if_resolvable,
    named,
    smaller,
    text,
)
from diffusion_lessons.metrics.errors import resolved


@pytest.mark.parametrize(
    ("verdicts", "together"),
    [
        ([], NOT_YET),
        ([HOLDS, HOLDS], HOLDS),
        ([HOLDS, FAILS], CONDITION),
        ([NOT_YET, FAILS], FAILS),
        ([NOT_RESOLVABLE, HOLDS], HOLDS),
        ([NOT_RESOLVABLE, NOT_YET], NOT_RESOLVABLE),
        ([NOT_YET], NOT_YET),
    ],
)
def test_the_verdict_of_several_pieces_of_evidence(verdicts, together):
    assert combined([Evidence(verdict, "") for verdict in verdicts]) == together


@pytest.mark.parametrize(
    ("cases", "verdict"), [([True, True], HOLDS), ([True, False], CONDITION), ([False, False], FAILS)]
)
def test_a_claim_holds_in_all_cases_in_some_or_in_none(cases, verdict):
    assert by_cases(cases) == by_cases(cases, resolved=[True, False]) == verdict


def test_what_nothing_tells_apart_is_not_refuted():
    assert by_cases([False, False], resolved=[False, False]) == NOT_RESOLVABLE
    with pytest.raises(ValueError, match="at least one case"):
        by_cases([])


def test_numbers_know_when_they_differ():
    one, two = named("a", 1.0, 0.1), named("b", 1.4, 0.1)
    assert resolved(two - one) and not resolved(named("c", 1.2, 0.1) - one)
    assert smaller(one, two) and not smaller(two, one) and not smaller(one, named("c", 1.2, 0.1))
    assert text(one) == "1 ± 0.1" and text(named("n", 3.0)) == "3" and text(named("n", 3.0, 0.0)) == "3 ± 0"


def test_about_as_good_is_a_factor_or_within_the_errors():
    other = named("other", 1.0, 0.01)
    assert about_as_good(named("near", 1.24, 0.01), other) and not about_as_good(named("far", 1.3, 0.01), other)
    assert about_as_good(named("uncertain", 1.3, 0.2), other)


def test_few_samples_do_not_make_numbers_equal():
    other, vague = named("other", 1.0, 0.01), named("vague", 1.3, 0.2)
    assert hidden_difference(vague, other) == pytest.approx(2 * (0.2**2 + 0.01**2) ** 0.5)
    assert if_resolvable(HOLDS, [vague], other) == NOT_RESOLVABLE
    assert if_resolvable(HOLDS, [named("sharp", 1.01, 0.01)], other) == HOLDS
    assert if_resolvable(FAILS, [named("far", 3.0, 0.2)], other) == FAILS  # told apart, whatever it hides
