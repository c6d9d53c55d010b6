"""Distances to an exact mixture fall to the floor of exact samples, and carry the error of their mean."""

import pytest

from claims import distances


def test_the_mean_over_seeds_has_its_standard_error():
    number = distances.over_seeds("squares", lambda seed: seed**2, seeds=4)  # 0, 1, 4, 9
    assert number.tag == "squares" and number.n == pytest.approx(3.5)
    assert number.s == pytest.approx((((3.5**2 + 2.5**2 + 0.5**2 + 5.5**2) / 3) ** 0.5) / 2)


def test_more_steps_come_nearer_to_the_floor():
    few, many = (distances.distance("ddim", steps, seeds=2) for steps in (5, 100))
    floor = distances.floor()
    assert few.n > 3 * many.n and floor.n < few.n
    assert few.tag == "broad: ddim, 5 steps"


def test_what_differs_from_the_usual_is_named():
    number = distances.distance("ddim", 2, "narrow", spacing="logsnr", exact="but for an error in v", seeds=2, eta=0.5)
    assert number.tag == "narrow: ddim, eta = 0.5, logsnr grid, exact but for an error in v, 2 steps"


def test_one_evaluation_of_the_exact_consistency_function_reaches_the_floor():
    one = distances.distance("consistency", 1, exact="consistency function", seeds=2)
    assert one.n < 2 * distances.floor().n
