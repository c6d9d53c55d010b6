"""Bradley-Terry against closed forms, and against the strengths that made the votes."""

import math

import numpy as np
import pytest
from scipy.special import logit

from diffusion_lessons.metrics.preference.pairs import study_pairs
from diffusion_lessons.metrics.preference.simulated import STRENGTHS, simulate
from diffusion_lessons.metrics.preference.strengths import bradley_terry
from diffusion_lessons.metrics.preference.votes import Vote


def votes(*counts):
    """(left, right, chosen, how many) -> votes."""
    numbers = iter(range(10**6))
    return [Vote("anna", f"{next(numbers)}", a, b, chosen) for a, b, chosen, n in counts for _ in range(n)]


def test_two_things_differ_by_the_logit_of_the_share():
    rows = votes(("a", "b", "left", 15), ("a", "b", "right", 5), ("b", "a", "right", 15), ("b", "a", "left", 5))
    found = bradley_terry(rows, side=False)
    assert found.values[0] - found.values[1] == pytest.approx(logit(0.75), abs=1e-5)
    assert found.values.sum() == pytest.approx(0, abs=1e-9)
    preferred, error = found.preferred("a", "b"), 1 / math.sqrt(40 * 0.75 * 0.25)
    assert preferred.value == pytest.approx(0.75, abs=1e-5)
    assert logit(preferred.high) - logit(0.75) == pytest.approx(1.959964 * error, rel=1e-4)
    assert found.strength("a").high - found.strength("a").value == pytest.approx(1.959964 * error / 2, rel=1e-4)
    both = bradley_terry(rows)  # as often left as right: the side makes no difference
    assert both.left.value == pytest.approx(0, abs=1e-5) and both.preferred("a", "b").value == pytest.approx(
        0.75, abs=1e-5
    )


def test_the_side_is_half_the_sum_of_the_two_logits():
    rows = votes(("a", "b", "left", 18), ("a", "b", "right", 2), ("b", "a", "right", 12), ("b", "a", "left", 8))
    found = bradley_terry(rows)
    assert found.left.value == pytest.approx((logit(0.9) + logit(0.4)) / 2, abs=1e-4)
    assert found.values[0] - found.values[1] == pytest.approx((logit(0.9) - logit(0.4)) / 2, abs=1e-4)


def test_neither_is_half_a_vote_for_each():
    rows = votes(("a", "b", "left", 6), ("a", "b", "right", 2), ("a", "b", "neither", 4))
    found = bradley_terry(rows, side=False)
    assert found.preferred("a", "b").value == pytest.approx(8 / 12, abs=1e-5)


def test_three_things_satisfy_the_likelihood_equations():
    rows = votes(
        *(("a", "b", "left", 7), ("a", "b", "right", 3), ("b", "c", "left", 6), ("b", "c", "right", 4)),
        *(("c", "a", "left", 2), ("c", "a", "right", 8)),
    )
    found = bradley_terry(rows, side=False)
    for name, wins in (("a", 15), ("b", 9), ("c", 6)):  # Zermelo 1929: expected wins are those observed
        expected = sum(10 * found.preferred(name, other).value for other in "abc" if other != name)
        assert expected == pytest.approx(wins, abs=1e-3)


def test_the_strengths_that_made_the_votes_are_found():
    rows = simulate(study_pairs(each=40), persons=10)
    found = bradley_terry(rows)
    truth = np.array([STRENGTHS[name] for name in found.names])
    errors = np.sqrt(np.diag(found.covariance))
    decided = 0.9  # a tenth of the votes are "neither", which pulls strengths a little together
    assert np.abs(found.values - (truth - truth.mean()) * decided).max() < 4 * errors.max() + 0.05
    assert found.left.low < 0.2 < found.left.high + 0.05


def test_what_has_no_estimate_is_said():
    with pytest.raises(ValueError, match="between a and b every vote goes the same way"):
        bradley_terry(votes(("a", "b", "left", 5), ("b", "a", "right", 5)))
    with pytest.raises(ValueError, match="between a, b and c, d"):
        bradley_terry(votes(*((x, y, side, 3) for x, y in ("ab", "cd") for side in ("left", "right"))))
    with pytest.raises(ValueError, match="the side explains every vote"):
        bradley_terry(votes(("a", "b", "left", 5), ("b", "a", "left", 5)))
    with pytest.raises(ValueError, match="no votes about 'z'"):
        bradley_terry(votes(("a", "b", "left", 5), ("b", "a", "left", 5)), side=False).strength("z")
