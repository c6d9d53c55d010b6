"""Intervals of exact numbers, of means and of shares, against SciPy and by their coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from claims.numbers import Number, by_name, from_ufloat, mean, over_seeds, ratio
from diffusion_lessons.metrics.errors import measured


def test_an_exact_number_is_its_own_interval():
    assert Number("steps", 20).interval() == (20, 20) and Number("steps", 20).exact
    assert Number("equal", 1.0, 0.0, 3, 4).interval() == (1, 1)


def test_the_interval_of_a_mean_is_students():
    values = [1.0, 2.0, 4.0, 3.0]
    low, high = mean("m", values).interval(0.1)
    expected = stats.t.interval(0.9, 3, np.mean(values), stats.sem(values))
    assert (low, high) == pytest.approx(expected)


def test_without_degrees_of_freedom_it_is_the_normal_one():
    assert Number("x", 0.0, 1.0).interval() == pytest.approx((-1.959964, 1.959964))


@pytest.mark.parametrize(("share", "n"), [(0.0, 10), (1.0, 500), (0.3, 40)])
def test_the_interval_of_a_share_is_wilsons(share, n):
    expected = stats.binomtest(round(share * n), n).proportion_ci(method="wilson")
    assert Number("s", share, of=n, share=True).interval() == pytest.approx(expected, abs=1e-12)


def test_95_of_100_intervals_cover_the_truth():
    draws = np.random.default_rng(0).normal(3.0, 2.0, (2000, 6))
    covered = [low <= 3.0 <= high for low, high in (mean("m", row.tolist()).interval() for row in draws)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.015)


def test_the_samples_that_would_decide():
    number = Number("d", 0.1, 0.1, None, 1000)
    needed = number.needed(0.0)
    low, _ = Number("d", 0.1, 0.1 / math.sqrt(needed / 1000), None, round(needed)).interval()
    assert low == pytest.approx(0.0, abs=1e-6)
    assert Number("d", 0.0, 0.1, None, 1000).needed(0.0) == math.inf


def test_a_ratio_of_paired_runs_is_that_of_their_logarithms():
    slow, fast = [2.0, 4.2, 8.0], [1.0, 2.0, 4.0]
    number = ratio("times", slow, fast)
    assert number.value == pytest.approx(stats.gmean(np.array(slow) / np.array(fast)))
    assert number.unit == "rounds" and number.freedom == 2


def test_numbers_keep_what_a_file_needs():
    numbers = [Number("a", 0.0), Number("b", 1.0, 0.5, 3, 4, "seeds"), Number("c", 0.0, of=9, share=True)]
    assert [Number(**number.to_json()) for number in numbers] == numbers
    assert from_ufloat("d", measured(1.5, 0.2), 24, 500) == Number("d", 1.5, 0.2, 24, 500)
    assert over_seeds("e", float, 3) == mean("e", [0.0, 1.0, 2.0])


def test_two_numbers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="one name"):
        by_name([Number("a", 1.0), Number("a", 2.0)])


def test_numbers_are_printed_with_their_intervals():
    assert str(Number("a", 20)) == "20"
    assert str(Number("a", 1.0, 0.1)) == "1 [0.804, 1.2]"
