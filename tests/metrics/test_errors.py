"""Numbers with their errors: what is shared counts once, and two standard errors decide."""

import math

import numpy as np
import pytest

from diffusion_lessons.metrics.errors import measured, over_draws, resolved, shared
from diffusion_lessons.metrics.scores import Score


def test_the_floor_that_two_scores_share_counts_once():
    """Against the formulas by hand: f drops out of d - e, and (d - f) / (e - f) has the error of first order."""
    d, e = Score(4.0, 0.05, 1.0, 0.03, 500), Score(2.0, 0.02, 1.0, 0.03, 500)
    assert d.above_floor.n == 3.0 and d.above_floor.s == pytest.approx(math.hypot(0.05, 0.03))
    assert (d.above_floor - e.above_floor).s == pytest.approx(math.hypot(0.05, 0.02))
    ratio = d.above_floor / e.above_floor
    assert ratio.n == 3.0 and ratio.s == pytest.approx(math.hypot(0.05, 3 * 0.02, (1 - 3) * 0.03) / 1.0)
    other = Score(2.0, 0.02, 1.0, 0.03, 2000)  # at another count the floor is another
    assert (d.above_floor - other.above_floor).s == pytest.approx(math.hypot(0.05, 0.02, 0.03, 0.03))
    assert shared(1.0, 0.03, 500) is shared(1.0, 0.03, 500)


def test_two_standard_errors_tell_a_difference_from_0():
    assert resolved(measured(0.21, 0.1)) and resolved(measured(-0.21, 0.1)) and not resolved(measured(0.19, 0.1))
    assert resolved(measured(0.1, 0.0)) and not resolved(measured(0.0, 0.0))
    assert measured(1.0, 0.1, "a name").tag == "a name"


def test_mean_and_deviation_over_draws():
    level = over_draws([1.0, 3.0, 2.0])
    assert level.n == pytest.approx(2.0) and level.s == pytest.approx(np.std([1, 2, 3], ddof=1))
