"""Distances to an exact mixture fall to the floor of exact samples, and runs of one seed are compared in pairs."""

import pytest
import torch

from claims import distances
from claims.distances import BROAD, FLOW, LINEAR, Run, excess, noised, std


def test_the_right_start_has_the_moments_of_p_t():
    x = noised(BROAD, LINEAR, 500.0, torch.Generator().manual_seed(0), n=200_000)
    expected = (LINEAR.alpha(500.0) * std(BROAD)) ** 2 + LINEAR.sigma(500.0) ** 2
    assert float(x.var()) == pytest.approx(expected, rel=0.02)


def test_the_standard_deviation_is_that_of_samples():
    assert std(BROAD) == pytest.approx(float(BROAD.sample(200_000, torch.Generator().manual_seed(0)).std()), rel=0.01)


def test_more_steps_come_nearer_to_the_floor():
    few, many = (distances.distance(Run("ddim", steps), seeds=2) for steps in (5, 100))
    assert few.value > 3 * many.value and distances.floor().value < few.value
    difference = excess("few - many", Run("ddim", 5), Run("ddim", 100), seeds=2)
    assert difference.value == pytest.approx(few.value - many.value)


def test_pairs_share_their_luck():
    """The same start in both: a difference is known better than either distance."""
    one, other = Run("ddim", 50), Run("ddim", 40)
    paired = excess("paired", one, other, seeds=6).error
    apart = (distances.distance(one, 6).error ** 2 + distances.distance(other, 6).error ** 2) ** 0.5
    assert paired < apart / 2


def test_what_differs_from_the_usual_is_named():
    run = Run("ddim", 2, "narrow", spacing="logsnr", exact="but for an error in v", eta=0.5)
    assert str(run) == "narrow: ddim in 2, eta = 0.5, logsnr grid, exact but for an error in v"


def test_one_evaluation_of_the_exact_consistency_function_reaches_the_floor():
    one = distances.distance(Run("consistency", 1, path=FLOW, exact="consistency function"), seeds=2)
    assert one.value < 2 * distances.floor().value
