"""Verdicts are reached anew from the numbers, together, and by Holm's correction."""

import pytest

from claims.evidence import Evidence, deciding_level, holm_levels, judged
from claims.numbers import LEVEL, Number
from claims.register import claim, measures, on
from claims.verdicts import FAILS, HOLDS, NOT_YET, PRODUCTS, UNDECIDED, Verdict, above, always


def evidence(z: float) -> Evidence:
    return Evidence("x", (Number("x", z, 1.0, None, 100),))


def test_the_level_at_which_a_rule_decides_is_the_p_value():
    assert deciding_level(above("x", 0.0), evidence(2.5758)) == pytest.approx(0.01, rel=0.1)
    assert deciding_level(above("x", 0.0), evidence(1.0)) == 1.0
    assert deciding_level(above("x", 0.0), evidence(50.0)) == 0.0


@pytest.mark.parametrize("p_values", [(0.001, 0.02, 0.04), (0.03, 0.001, 0.02), (0.04, 0.03, 0.02), (0.2, 0.0001)])
def test_holm_decides_what_the_corrected_p_values_do(p_values):
    """The corrected p-value of the k-th of m is the largest of (m - j + 1) p_j over j up to k."""
    named = {("C1", str(k)): p for k, p in enumerate(p_values)}
    levels, ordered, corrected = holm_levels(named), sorted(p_values), 0.0
    decided = {}
    for rank, p in enumerate(ordered):
        corrected = max(corrected, (len(ordered) - rank) * p)
        decided[p] = corrected <= LEVEL
    assert {p: p <= levels[key] for key, p in named.items()} == decided


def enter(name: str, rule=None, *, explains: bool = False) -> None:
    claim(name, "1", f"{name}.")
    measures(name, "x", rule or above("x", 0.0), on("x", explains=explains))(list)


def test_one_of_many_that_is_barely_resolved_stays_undecided(empty):
    for name in ("C1", "C2", "C3"):
        enter(name)
    alone = judged({"C1": [evidence(2.2)]})
    assert alone["C1"][0].verdict == Verdict(HOLDS)
    page = judged({"C1": [evidence(2.2)], "C2": [evidence(0.5)], "C3": [evidence(-6.0)]})
    assert [page[name][0].verdict.word for name in page] == [UNDECIDED, UNDECIDED, FAILS]
    assert page["C1"][0].level == pytest.approx(LEVEL / 2)


def test_toys_are_a_family_of_their_own(empty):
    enter("C1")
    for name in ("C2", "C3", "C4"):
        enter(name, explains=True)
    page = judged({"C1": [evidence(2.2)], **{name: [evidence(0.5)] for name in ("C2", "C3", "C4")}})
    assert page["C1"][0].verdict.word == HOLDS and page["C1"][0].level == LEVEL


def test_what_chance_has_no_part_in_is_not_counted(empty):
    enter("C1")
    enter("C2")
    enter("C3", always(PRODUCTS, ""))
    exact = Evidence("x", (Number("x", 1.0),))
    page = judged({"C1": [evidence(2.2)], "C2": [exact], "C3": [Evidence("x")]})
    assert page["C1"][0].verdict.word == page["C2"][0].verdict.word == HOLDS
    assert page["C3"][0].verdict.word == PRODUCTS


def test_what_waits_goes_on_waiting(empty):
    enter("C1")
    waiting = Evidence("x", verdict=Verdict(NOT_YET, "waits for a table"))
    assert judged({"C1": [waiting]}) == {"C1": [waiting]}


def test_evidence_is_kept_whole():
    one = Evidence("x", (Number("x", 1.0, 0.1),), Verdict(HOLDS), 0.01, {"net": "ab"}, {"torch": "2"}, 1.5)
    assert Evidence.from_json(one.to_json()) == one
