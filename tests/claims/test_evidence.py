"""Verdicts are reached anew from the numbers, together, and by Holm's correction."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from claims.evidence import LOOKS, Evidence, Family, deciding_level, holm_levels, judged, outdated
from claims.numbers import LEVEL, Number
from claims.register import TESTS, claim, measures, on
from claims.verdicts import FAILS, HOLDS, NOT_YET, PRODUCTS, UNDECIDED, WHERE, Verdict, above, always, by_case


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
    levels = holm_levels({key: Family(p) for key, p in named.items()})
    ordered, corrected = sorted(p_values), 0.0
    decided = {}
    for rank, p in enumerate(ordered):
        corrected = max(corrected, (len(ordered) - rank) * p)
        decided[p] = corrected <= LEVEL
    assert {p: p <= levels[key] for key, p in named.items()} == decided


def enter(name: str, rule=None, *, explains: bool = False) -> None:
    claim(name, "1", f"{name}.")
    measures(name, "x", rule or above("x", 0.0), on("x", explains=explains))(list)


PAGE = LEVEL / LOOKS  # of a page on which nothing had more looks than were planned


def test_one_of_many_that_is_barely_resolved_stays_undecided(empty):
    for name in ("C1", "C2", "C3"):
        enter(name)
    alone = judged({"C1": [evidence(2.4)]})
    assert alone["C1"][0].verdict == Verdict(HOLDS)
    page = judged({"C1": [evidence(2.4)], "C2": [evidence(0.5)], "C3": [evidence(-6.0)]})
    assert [page[name][0].verdict.word for name in page] == [UNDECIDED, UNDECIDED, FAILS]
    assert page["C1"][0].level == pytest.approx(PAGE / 2)


def test_every_look_that_a_row_had_lowers_the_level_of_the_page(empty):
    """Whoever looks three times has three chances, and is judged at a third."""
    enter("C1")
    enter("C2")
    other = replace(evidence(9.0), looks=LOOKS)
    assert judged({"C1": [evidence(2.3)], "C2": [other]})["C1"][0].verdict.word == HOLDS
    page = judged({"C1": [evidence(2.3)], "C2": [replace(other, looks=3)]})
    assert page["C1"][0].level == LEVEL / 3 and page["C1"][0].verdict.word == UNDECIDED


def test_a_page_that_looks_again_where_it_is_undecided_is_wrong_in_5_of_100_pages_at_most(empty):
    """Nothing is true here. What is open after 100 samples gets 900 more, and the mean of all is judged."""
    enter("C1")
    random_state, wrong, pages = np.random.default_rng(0), 0, 2000
    for first, more in random_state.normal(size=(pages, 2)).tolist():
        looks = first, 0.1**0.5 * first + 0.9**0.5 * more  # of 100 samples, and of 1,000
        wrong += any(judged({"C1": [evidence(z)]})["C1"][0].verdict.word != UNDECIDED for z in looks)
    assert 0.025 < wrong / pages < 0.05


def test_a_look_is_another_count_of_the_same_networks():
    one = Evidence("x", (Number("x", 1.0, 0.1, 24, 500),), checkpoints={"net": "a", "net-features": "f"})
    more = replace(one, numbers=(Number("x", 1.1, 0.05, 24, 1500),))
    assert one.after(None).looks == one.after(Evidence("x")).looks == one.after(one).looks == 1
    assert more.after(one).looks == 2 and more.after(more.after(one)).looks == 2
    assert one.after(more.after(one)).looks == 3
    assert replace(more, checkpoints={"net": "b"}).after(one).looks == 1
    assert replace(more, checkpoints={"net": "a", "net-features": "g"}).after(one).looks == 2


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((Number("x", 9.0, 1.0, 24, 2500),), ""),
        ((Number("x", 9.0, 1.0, 24, 1000),), "its numbers are of 1,000 samples, and the test asks for 2,500"),
        ((Number("x", 9.0, 1.0, 24, 2500, "seeds"),), "its numbers are of no samples, and the test asks for 2,500"),
        ((Number("x", 9.0, 1.0, 24, 12), Number("y", 9.0, 1.0, 24, 2500)), "its numbers are of 12 samples, and the "),
        ((Number("y", 9.0, 1.0, 24, 2500),), "its numbers are of an earlier test"),
        ((Number("x", 9.0), Number("y", 9.0, 1.0, 24, 2500)), ""),  # what is exact was counted on those of y
    ],
)
def test_numbers_of_another_count_than_the_test_states_wait(empty, numbers, words):
    claim("C1", "1", "C1.")
    measures("C1", "x", above("x", 0.0), on("x", of={"samples": 2500}), of={"samples": 12})(list)
    one = Evidence("x", numbers, Verdict(HOLDS))
    assert outdated(TESTS[0], one).startswith(words) and bool(words) == bool(outdated(TESTS[0], one))
    verdict = judged({"C1": [one]})["C1"][0].verdict
    assert verdict == Verdict(NOT_YET, outdated(TESTS[0], one)) if words else verdict.word == HOLDS


def cases(*z: float) -> Evidence:
    return Evidence("x", tuple(Number(f"x{k}", one, 1.0, None, 100) for k, one in enumerate(z)))


def test_each_case_of_a_test_is_counted(empty):
    """Ten cases have ten chances: what one of two would show is nothing among ten."""
    for count in (2, 10):
        enter(f"C{count}", by_case({f"case {k}": above(f"x{k}", 0.0) for k in range(count)}))
    two = judged({"C2": [cases(2.6, 0.0)]})["C2"][0]
    assert (two.level, two.verdict.word) == (PAGE / 2, WHERE)
    ten = judged({"C10": [cases(2.6, *[0.0] * 9)]})["C10"][0]
    assert (ten.level, ten.verdict.word) == (PAGE / 10, UNDECIDED)


def test_cases_that_stay_open_go_on_being_counted(empty):
    enter("C1", by_case({f"case {k}": above(f"x{k}", 0.0) for k in range(3)}))
    enter("C2")
    page = judged({"C1": [cases(9.0, 0.0, 0.0)], "C2": [evidence(2.5)]})
    assert page["C2"][0].level == PAGE / 3 and page["C1"][0].verdict.note == "case 0; undecided: case 1 and case 2"


def test_a_page_of_true_nulls_is_wrong_in_5_of_100_pages_at_most(empty):
    """Three tests of three cases each, one of which is true and sharp: any other decision is luck."""
    for name in ("C1", "C2", "C3"):
        enter(name, by_case({f"case {k}": above(f"x{k}", 0.0) for k in range(3)}))
    random_state, wrong, pages = np.random.default_rng(0), 0, 600
    for _ in range(pages):
        draws = random_state.normal(size=(3, 3))
        draws[0, 0] += 20
        page = judged({f"C{k + 1}": [cases(*row)] for k, row in enumerate(draws.tolist())})
        told = [abs(z) > norm.isf(page[f"C{k + 1}"][0].level / 2) for k, row in enumerate(draws) for z in row][1:]
        wrong += any(told)
    assert wrong / pages < 0.05 + 3 * (0.05 * 0.95 / pages) ** 0.5


def test_toys_are_a_family_of_their_own(empty):
    enter("C1")
    for name in ("C2", "C3", "C4"):
        enter(name, explains=True)
    page = judged({"C1": [evidence(2.3)], **{name: [evidence(0.5)] for name in ("C2", "C3", "C4")}})
    assert page["C1"][0].verdict.word == HOLDS and page["C1"][0].level == PAGE


def test_what_chance_has_no_part_in_is_not_counted(empty):
    enter("C1")
    enter("C2")
    enter("C3", always(PRODUCTS, ""))
    exact = Evidence("x", (Number("x", 1.0),))
    page = judged({"C1": [evidence(2.3)], "C2": [exact], "C3": [Evidence("x")]})
    assert page["C1"][0].verdict.word == page["C2"][0].verdict.word == HOLDS
    assert page["C3"][0].verdict.word == PRODUCTS


def test_what_waits_goes_on_waiting(empty):
    enter("C1")
    waiting = Evidence("x", verdict=Verdict(NOT_YET, "waits for a table"))
    assert judged({"C1": [waiting]}) == {"C1": [waiting]}


def test_numbers_of_an_earlier_test_wait_and_spoil_no_other_verdict(empty):
    """A test that was changed must not keep what another claim measured from being written."""
    enter("C1")
    enter("C2")
    page = judged({"C1": [Evidence("x", (Number("older", 1.0, 0.1),), Verdict(HOLDS))], "C2": [evidence(2.3)]})
    assert str(page["C1"][0].verdict) == "not yet measured (its numbers are of an earlier test)"
    assert page["C2"][0].verdict.word == HOLDS and page["C2"][0].level == PAGE


def test_evidence_is_kept_whole():
    verdict = Verdict(UNDECIDED, "about 9 seeds would decide", "5 steps")
    one = Evidence("x", (Number("x", 1.0, 0.1),), verdict, 0.01, {"net": "ab"}, {"torch": "2"}, 1.5, 2)
    assert Evidence.from_json(one.to_json()) == one
