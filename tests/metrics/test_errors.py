"""Numbers with their errors: what is shared counts once, and two standard errors decide."""

import math

import numpy as np
import pytest
import torch

from diffusion_lessons.metrics.errors import measured, over_draws, resolved, shared
from diffusion_lessons.metrics.jackknife import standard_error
from diffusion_lessons.metrics.scores import Score


def made(value, deviations, floor_spread=0.03, n=500):
    """A score whose replicates lie so far from the value."""
    replicates = value + torch.tensor(deviations, dtype=torch.float64)
    return Score(value, standard_error(replicates), 1.0, floor_spread, n, tuple(replicates.tolist()))


def test_rows_of_one_count_are_paired_group_by_group():
    """Against the jackknife of the difference itself, and of the ratio to first order."""
    generator = torch.Generator().manual_seed(0)
    common, own, others = torch.randn(3, 25, generator=generator, dtype=torch.float64)
    d, e = made(4.0, (common + 0.1 * own).tolist()), made(2.0, (common + 0.1 * others).tolist())
    assert d.number.s == pytest.approx(d.spread) and d.number.n == 4.0
    difference = standard_error(torch.tensor(d.replicates).double() - torch.tensor(e.replicates).double())
    assert (d.number - e.number).s == pytest.approx(difference) and difference < 0.2 * d.spread
    first_order = torch.tensor(d.replicates) / 2 - torch.tensor(e.replicates) * 4 / 2**2
    assert (d.number / e.number).s == pytest.approx(standard_error(first_order))
    assert (d.number - d.number).s == 0
    other = made(2.0, (common + 0.1 * others).tolist(), n=2000)  # at another count the groups are others
    assert (d.number - other.number).s == pytest.approx(math.hypot(d.spread, other.spread))


def test_the_floor_that_two_scores_share_counts_once():
    """Against the formulas by hand: f drops out of d - e, and (d - f) / (e - f) has the error of first order."""
    d, e = made(4.0, [0.01, -0.01] * 12), made(2.0, [0.02, 0.02, -0.02, -0.02] * 6)
    assert d.above_floor.n == 3.0 and d.above_floor.s == pytest.approx(math.hypot(d.spread, 0.03))
    assert (d.above_floor - e.above_floor).s == pytest.approx((d.number - e.number).s)
    ratio = d.above_floor / e.above_floor
    assert ratio.n == 3.0 and ratio.s == pytest.approx(math.hypot((d.number - 3 * e.number).s, (1 - 3) * 0.03) / 1.0)
    assert shared(1.0, 0.03, 500) is shared(1.0, 0.03, 500)


def test_two_standard_errors_tell_a_difference_from_0():
    assert resolved(measured(0.21, 0.1)) and resolved(measured(-0.21, 0.1)) and not resolved(measured(0.19, 0.1))
    assert resolved(measured(0.1, 0.0)) and not resolved(measured(0.0, 0.0))
    assert measured(1.0, 0.1, "a name").tag == "a name"


def test_mean_and_deviation_over_draws():
    level = over_draws([1.0, 3.0, 2.0])
    assert level.n == pytest.approx(2.0) and level.s == pytest.approx(np.std([1, 2, 3], ddof=1))
