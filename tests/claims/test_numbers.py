"""Intervals of exact numbers, of means and of shares, against SciPy and by their coverage."""

import json
import math
from functools import partial

import numpy as np
import pytest
from scipy import stats

from claims.numbers import (
    Number,
    apart,
    by_name,
    excess_of,
    from_ufloat,
    less,
    mean,
    mean_between,
    mean_within,
    over_seeds,
    ratio,
    share_difference,
)
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


def test_with_more_samples_an_error_falls_as_their_root():
    assert Number("d", 0.1, 0.1, 24, 1000).grown(4) == Number("d", 0.1, 0.05, 24, 4000)
    assert mean("excess", [0.0, 1.0, 2.0], "seeds").grown(3).freedom == 8  # more seeds, more degrees of freedom
    assert Number("s", 0.3, of=40, share=True).grown(10).interval() == pytest.approx(
        stats.binomtest(120, 400).proportion_ci(method="wilson")
    )
    exact, of_none = Number("steps", 20, of=3), Number("x", 1.0, 0.1)
    assert exact.grown(9) is exact and of_none.grown(9) is of_none


def test_the_interval_of_a_ratio_from_more_samples_is_that_of_its_parts():
    shared, own = measured(0.0, 1.0), measured(0.0, 1.0)

    def number(size):
        return excess_of("e", 1.3 + size * (0.1 * shared + 0.08 * own), 1.0 + size * 0.12 * shared, 24, 500)

    grown = number(1.0).grown(16)
    assert grown.of == 8000 and grown.interval(0.001) == pytest.approx(number(0.25).interval(0.001))


def test_a_ratio_is_on_that_side_on_which_its_contrast_is():
    """Whether a / b - 1 lies below 0.25 is whether a - 1.25 b lies below 0, by the error of that difference."""
    shared, own = measured(0.0, 1.0), measured(0.0, 1.0)
    for a in np.linspace(0.8, 1.6, 9):
        one, other = a + 0.1 * shared + 0.08 * own, 1.0 + 0.12 * shared
        for level in (0.05, 0.001):
            low, high = excess_of("e", one, other, 24, 500).interval(level)
            contrast = one - 1.25 * other
            reach = stats.t.isf(level / 2, 24) * contrast.s
            assert (high < 0.25) == (contrast.n + reach < 0) and (low > 0.25) == (contrast.n - reach > 0)


def test_what_may_be_divided_by_0_excludes_nothing():
    one, other = 1.0 + measured(0.0, 0.1), 0.2 + measured(0.0, 0.1)
    assert excess_of("e", one, other, 24, 500).interval(0.001) == (-math.inf, math.inf)


@pytest.mark.parametrize("level", [0.05, 0.05 / 100])
def test_intervals_of_ratios_cover_the_truth_at_the_level_of_a_page(level):
    """Two correlated figures, the lower with an error of an eighth, whose errors are estimated from 25 groups."""
    random_state, draws, groups = np.random.default_rng(0), 4000, 25
    root = np.linalg.cholesky([[0.15**2, 0.6 * 0.15 * 0.12], [0.6 * 0.15 * 0.12, 0.12**2]])
    parts = np.array([1.3, 1.0]) + random_state.normal(size=(draws, groups, 2)) @ root.T * math.sqrt(groups)
    missed = 0
    for part in parts:
        (v, c), (_, w) = np.cov(part.T) / groups
        a, b = part.mean(0)
        low, high = Number("e", a / b - 1, 0.1, groups - 1, 500, under=(b, v, c, w)).interval(level)
        missed += not low <= 0.3 <= high
    assert missed <= draws * level + 3 * math.sqrt(draws * level) and missed >= draws * level - 3.5 * math.sqrt(
        draws * level
    )


@pytest.mark.parametrize("level", [0.05, 0.05 / 100])
def test_intervals_of_ratios_of_runs_cover_the_truth_at_the_level_of_a_page(level):
    draws = np.random.default_rng(1).lognormal(math.log(2.0), 0.3, (4000, 5))
    ratios = [ratio("r", row, np.ones(5)) for row in draws]
    missed = sum(not low <= 2.0 <= high for low, high in (one.interval(level) for one in ratios))
    assert abs(missed - 4000 * level) <= 3.5 * math.sqrt(4000 * level)


def test_pairs_that_never_differ_do_not_prove_that_they_cannot():
    """No difference among 297 pairs: the interval is that of two shares, and not a point."""
    none = share_difference(mean("smudged", [0.0] * 297, "samples"), 0.0, 0.0)
    low, high = none.interval()
    assert (none.value, str(none)) == (0.0, "0 [-0.0128, 0.0128]") and high == -low
    assert high == pytest.approx(stats.binomtest(0, 297).proportion_ci(method="wilson").high)
    assert none.grown(100).interval()[1] < high / 9
    seen = mean("smudged", [1.0, *[0.0] * 296], "samples")
    assert share_difference(seen, 0.0, 0.0) is seen
    assert Number(**json.loads(json.dumps(none.to_json()))) == none


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
    assert str(Number("a", 20)) == "20" and str(Number("a", 1_984_001.0)) == "1,984,001"
    assert str(Number("a", 2 / 3)) == "0.6667" and str(Number("a", 0, of=500, share=True)) == "0 [0, 0.00762]"
    open_ended = excess_of("e", 1.0 + measured(0.0, 0.1), 0.2 + measured(0.0, 0.1), 24, 500)
    assert open_ended.within(0.001) == "[nothing excluded]"
    assert str(Number("a", 1.0, 0.1)) == "1 [0.804, 1.2]"


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mean_between_two_ends_has_the_interval_of_its_place(share):
    """Between -1 and 3 it is Wilson's interval of the share, stretched; at an end it has a width all the same."""
    found = mean_between("log ratio", -1 + 4 * share, (-1.0, 3.0), 200, "pictures")
    exact = stats.binomtest(round(200 * share), 200).proportion_ci(method="wilson")
    assert found.interval() == pytest.approx((-1 + 4 * exact.low, -1 + 4 * exact.high))
    assert not found.exact and Number(**json.loads(json.dumps(found.to_json()))) == found


def test_a_difference_of_means_at_one_end_decides_only_with_enough_of_them():
    """Where all figures are the greatest there is, 1 less 1 is 0 within what the smaller count excludes."""
    of_share = partial(mean_between, "mean", ends=(-1.0, 3.0))
    (low, high), of = less("difference", of_share(3.0, of=50), of_share(3.0, of=100)).interval(), 50
    reach = 1 - stats.binomtest(of, of).proportion_ci(method="wilson").low
    assert (low, high) == pytest.approx((-4 * reach, 4 * reach))
    for count, decides in ((20, False), (2000, True)):
        apart = less("difference", of_share(3.0, of=count), of_share(2.8, of=count))
        assert apart.value == pytest.approx(0.2) and (apart.interval()[0] > 0) == decides


def test_draws_that_never_differ_show_no_spread_and_not_that_there_is_none():
    alike, apart_ones = (mean_within("m", values, (0.0, 1.0)) for values in ([0.0] * 4, [0.1, 0.2, 0.1, 0.2]))
    expected = stats.binomtest(0, 4).proportion_ci(method="wilson")
    assert alike.interval() == pytest.approx(expected, abs=1e-12) and alike.interval()[1] > 0.4
    assert apart_ones == mean("m", [0.1, 0.2, 0.1, 0.2])


def test_where_no_spread_was_seen_no_interval_is_printed():
    assert str(mean("m", [0.5, 0.5, 0.5])) == "0.5 [no spread]"


def test_an_interval_is_printed_to_as_many_digits_as_tell_its_ends_apart():
    assert str(Number("x", 4.0001, 0.0002)) == "4.0001 [3.9997, 4.0005]"
    assert Number("x", 4.0001, 0.0002).within(0.001) == "[3.999, 4.001]"
    assert str(Number("x", 4.01, 0.02)) == "4.01 [3.97, 4.05]"


def test_the_error_of_a_floor_is_in_the_difference_from_it():
    """Three trainings against a floor of its own error: 95 of 100 intervals cover the truth, without it far fewer."""
    random_state, covered, bare = np.random.default_rng(0), 0, 0
    for _ in range(2000):
        trainings = mean("t", random_state.normal(1.5, 0.06, 3).tolist())
        found = random_state.normal(1.0, 0.3, 25)
        floor = Number("floor", float(found.mean()), float(stats.sem(found)), 24)
        low, high = apart("d", trainings, floor).interval()
        without = apart("d", trainings, Number("floor", floor.value)).interval()
        covered, bare = covered + (low <= 0.5 <= high), bare + (without[0] <= 0.5 <= without[1])
    assert 0.94 < covered / 2000 < 0.99 and bare / 2000 < 0.92


def test_a_difference_of_two_numbers_is_welchs():
    one, other = [1.0, 2.0, 4.0], [0.5, 0.7, 0.2, 0.9, 0.1]
    found = apart("d", mean("a", one), mean("b", other))
    expected = stats.ttest_ind(one, other, equal_var=False)
    assert found.value == pytest.approx(np.mean(one) - np.mean(other))
    assert found.value / found.error == pytest.approx(expected.statistic) and found.freedom == int(expected.df)
