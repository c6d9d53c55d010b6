"""Intervals and decisions, against SciPy, published values and every answer that they can give."""

import math

import numpy as np
import pytest
from scipy import stats

from diffusion_lessons.metrics import intervals
from diffusion_lessons.metrics.errors import measured
from diffusion_lessons.metrics.intervals import Interval


def test_an_interval_is_students():
    low, high = stats.t.interval(0.95, 24, loc=2.0, scale=0.5)
    found = intervals.interval(measured(2.0, 0.5))
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.holds(2.9) and not found.holds(3.1) and str(found) == "2 [0.968, 3.03]"
    assert intervals.interval(measured(2.0, 0.0)) == Interval(2.0, 2.0, 2.0)


def test_a_p_value_is_below_five_percent_where_the_interval_excludes_it():
    values = np.random.default_rng(0).normal(0.3, 1, 25)
    mean = intervals.mean_of_draws(values)
    assert intervals.p_value(mean) == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    assert intervals.p_value(measured(0.0, 0.0)) == 1 and intervals.p_value(measured(1.0, 0.0)) == 0
    for value in (1.9, 2.0, 2.1, 2.2):
        number = measured(value, 1.0)
        assert (intervals.p_value(number) < 0.05) == (not intervals.interval(number).holds(0))


@pytest.mark.parametrize(
    ("value", "error", "no_worse", "equivalent"),
    [
        (0.0, 0.1, "yes", "yes"),
        (0.9, 0.01, "yes", "yes"),
        (0.9, 0.1, "undecided", "undecided"),
        (0.0, 1.0, "undecided", "undecided"),
        (1.5, 0.1, "no", "no"),
        (-1.5, 0.1, "yes", "no"),
        (-0.9, 0.1, "yes", "undecided"),
        (0.5, 0.0, "yes", "yes"),
        (1.5, 0.0, "no", "no"),
    ],
)
def test_absence_of_evidence_is_no_tie(value, error, no_worse, equivalent):
    for function, verdict in ((intervals.no_worse, no_worse), (intervals.equivalent, equivalent)):
        decision = function(measured(value, error), margin=1.0)
        assert decision.verdict == verdict and decision.margin == 1.0
        assert (decision.p_value < 0.05) == (verdict == "yes")


def test_two_one_sided_tests_against_scipy():
    values = np.random.default_rng(1).normal(0.2, 1, 40)
    decision = intervals.equivalent(intervals.mean_of_draws(values), 0.7, freedom=39)
    above = stats.ttest_1samp(values, -0.7, alternative="greater").pvalue
    below = stats.ttest_1samp(values, 0.7, alternative="less").pvalue
    assert decision.p_value == pytest.approx(2 * max(above, below))


def test_holm_is_the_published_procedure():
    adjusted = intervals.holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005})
    assert adjusted == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06, "d": 0.02})  # R: p.adjust(p, "holm")
    assert intervals.holm({"a": 0.6, "b": 0.9}) == {"a": 1.0, "b": 1.0} and intervals.holm({}) == {}


def test_wilson_is_the_published_interval():
    for hits, n in ((15, 50), (0, 10), (10, 10), (1, 500)):
        published = stats.binomtest(hits, n).proportion_ci(method="wilson")
        assert intervals.wilson_interval(hits, n) == (pytest.approx(published.low), pytest.approx(published.high))
    assert intervals.wilson_interval(0, 10)[0] == 0 and intervals.wilson_interval(10, 10)[1] == 1


def test_the_samples_that_would_decide():
    number, t = measured(0.1, 0.1), stats.t.ppf(0.975, 24)
    needed = intervals.samples_needed(number, 1000)
    assert needed == math.ceil(1000 * t**2)
    assert not intervals.interval(measured(0.1, 0.1 * math.sqrt(1000 / needed))).holds(0)
    assert intervals.samples_needed(measured(0.3, 0.1), 1000, against=0.3) is None


def test_runs_that_belong_together_are_paired():
    drift = np.exp(np.random.default_rng(2).normal(0, 0.3, 7))  # of a busy machine, common to both
    ratio = intervals.ratio_of_runs(20 * drift, drift)
    assert ratio == (pytest.approx(20), pytest.approx(20), pytest.approx(20))
    jitter = np.exp(np.random.default_rng(3).normal(0, 0.02, 7))
    ratio = intervals.ratio_of_runs(2 * drift * jitter, drift)
    assert ratio.holds(2) and ratio.high - ratio.low < 0.15
    difference = intervals.paired_runs(drift + 1, drift)
    assert difference.value == pytest.approx(1) and difference.high - difference.low < 1e-9


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: intervals.no_worse(measured(0, 1), 0), "a margin must be above 0"),
        (lambda: intervals.wilson_interval(3, 2), "3 hits out of 2"),
        (lambda: intervals.holm({"a": 1.2}), r"a: a p-value lies in \[0, 1\]"),
        (lambda: intervals.ratio_of_runs([1, 2], [1]), "2 and 1 runs"),
        (lambda: intervals.ratio_of_runs([1, 0], [1, 1]), "above 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
