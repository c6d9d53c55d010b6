"""Agreement, the side, power and prediction, against counts by hand and the exact binomial distribution."""

import pytest
from scipy import stats

from diffusion_lessons.metrics.preference.agreement import agreement, left_share, predicted, votes_needed
from diffusion_lessons.metrics.preference.pairs import WAYS, study_pairs
from diffusion_lessons.metrics.preference.simulated import simulate
from diffusion_lessons.metrics.preference.votes import Vote


def vote(person, pair, chosen, left="a", right="b"):
    return Vote(person, str(pair), left, right, chosen)


def test_agreement_is_about_the_same_thing_at_whatever_side():
    rows = [
        *(vote("anna", 1, "left"), vote("ben", 1, "right", "b", "a")),  # both for a
        *(vote("anna", 2, "left"), vote("ben", 2, "left", "b", "a")),  # a and b
        *(vote("anna", 3, "right"), vote("ben", 3, "right")),  # both for b
        *(vote("anna", 4, "neither"), vote("ben", 4, "left")),  # not counted
    ]
    found = agreement(rows)
    assert (found.agree.hits, found.agree.of) == (2, 3)
    assert found.kappa == pytest.approx((2 / 3 - 1 / 2) / (1 - 1 / 2))  # between two pictures, chance is a half


def test_tossed_coins_have_no_kappa_however_many_ways_there_are():
    ways = dict.fromkeys(WAYS, 0.0)
    found = agreement(simulate(study_pairs(each=20), persons=4, strengths=ways, left=0, neither=0))
    assert len(ways) == 5 and found.agree.of == 10 * 20 * 6  # two of five ways, twenty times, two of four persons
    assert abs(found.kappa) < 4 / found.agree.of**0.5  # four standard errors of 2 A - 1, where A is of fair coins


def test_three_persons_are_three_pairs_of_persons_and_always_the_same_is_one():
    rows = [vote(person, 1, "left") for person in ("anna", "ben", "cleo")]
    found = agreement(rows)
    assert (found.agree.hits, found.agree.of) == (3, 3) and found.kappa == 1
    with pytest.raises(ValueError, match="no two persons"):
        agreement([vote("anna", 1, "left"), vote("ben", 2, "left")])


def test_the_side_is_tested_against_tossing_coins():
    rows = [*(vote("anna", i, "left") for i in range(15)), *(vote("anna", i, "right") for i in range(15, 20))]
    found = left_share([*rows, vote("anna", 99, "neither")])
    assert (found.hits, found.of, found.share) == (15, 20, 0.75) and found.low < 0.75 < found.high
    assert found.p_value == pytest.approx(2 * stats.binom.sf(14, 20, 0.5))


@pytest.mark.parametrize(("share", "power"), [(0.55, 0.8), (0.6, 0.9), (0.42, 0.8)])
def test_so_many_votes_decide_as_often_as_promised(share, power):
    n = votes_needed(share, power)
    assert n == votes_needed(1 - share, power)
    low, high = stats.binom.ppf([0.025, 0.975], n, 0.5)
    found = stats.binom.sf(high, n, share) + stats.binom.cdf(low - 1, n, share)
    assert found == pytest.approx(power, abs=0.06)


def test_counts_of_the_docstring_and_what_no_number_decides():
    assert votes_needed(0.55) == 783 and votes_needed(0.75) == 29
    with pytest.raises(ValueError, match="not 0.5"):
        votes_needed(0.5)


def test_a_score_predicts_what_has_the_higher_one():
    rows = [vote("anna", 1, "left"), vote("anna", 2, "left"), vote("anna", 3, "left"), vote("anna", 4, "left")]
    scores = {"1": {"a": 0.9, "b": 0.1}, "2": {"a": 0.1, "b": 0.9}, "3": {"a": 0.5, "b": 0.5}}
    found = predicted(rows, scores)
    assert (found.hits, found.of) == (1, 2)
    with pytest.raises(ValueError, match="nothing to predict"):
        predicted(rows, {})
