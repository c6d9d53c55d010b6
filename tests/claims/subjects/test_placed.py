"""Ten steps at other places: the grids, and the scores of a network on them."""

import pytest

from claims.subjects.placed import PLACES, placed_scores, placed_times


def test_times_are_crowded_where_they_should_be():
    even, high, low = (placed_times(1000, 4, p) for p in (1.0, PLACES["crowded at high noise"], 2.0))
    assert even == (1000, 750, 500, 250, 0)
    assert high[3] == pytest.approx(500) and low[3] == pytest.approx(62.5)
    assert placed_times(1000, 2, 1.0, 100) == (1000, 550, 100)


def test_every_place_is_compared_with_the_even_one():
    numbers = {number.name: number for number in placed_scores("digits-diffusion", 140)}
    even = numbers["even: frechet"].value
    for place in PLACES:
        expected = numbers[f"{place}: frechet"].value / even - 1
        assert numbers[f"{place}: excess over even"].value == pytest.approx(expected)
