"""A technique beside the plain run that takes no longer: all four words, from made-up rows."""

import dataclasses

import pytest

from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.step_curve import beside, higher_is_better, is_plain, mixtures
from tests.made import row, score


def timed(steps, frechet, ms, spread=0.01, **changes):
    base = row("net", "ddim", steps, frechet, spread)
    times = {"seconds_per_image": ms / 1000, "seconds": (ms / 1000,) * 3, "session": "one"}
    return dataclasses.replace(base, **(times | changes))


PLAIN = [timed(5, 3.0, 10), timed(10, 1.5, 20), timed(50, 1.8, 100)]


@pytest.mark.parametrize(
    "ms, frechet, word, steps", [(20, 1.2, "better", 10), (30, 1.9, "worse", 10), (10, 2.9, "better", 5)]
)
def test_the_rival_is_the_best_plain_run_that_takes_no_longer(ms, frechet, word, steps):
    found = beside(timed(7, frechet, ms), PLAIN)
    assert (found.word, found.rival.run.settings.steps, found.rival.longer) == (word, steps, None)
    assert found.difference.value == pytest.approx(frechet - {5: 3.0, 10: 1.5}[steps])


@pytest.mark.parametrize("frechet, word", [(2.9, "worse"), (2.1, "better"), (2.25, "undecided")])
def test_between_two_numbers_of_steps_the_rival_is_their_mixture(frechet, word):
    """A row of 15 ms: half of the images in 5 steps (10 ms, 3.0), half in 10 (20 ms, 1.5): 2.25."""
    found = beside(timed(7, frechet, 15), PLAIN)
    assert (found.word, found.rival.share.n) == (word, pytest.approx(0.5))
    assert found.rival.value("frechet") == found.rival.figure("frechet").n == pytest.approx(2.25)
    assert "ddim@5, with 50% of the images in 10 steps" in str(found)


@pytest.mark.parametrize("changes", [{"session": "two"}, {"seconds": (0.015,)}, {"seconds": ()}])
def test_only_what_was_timed_together_in_two_rounds_or_more_is_mixed(changes):
    assert beside(timed(7, 2.9, 15, **changes), PLAIN).rival.longer is None


def test_a_drift_is_mixed_by_its_squares_and_what_is_no_mean_not_at_all():
    def rows(metric, *figures):
        steps = [(5, 10), (10, 20), (7, 15)]
        return [
            dataclasses.replace(timed(k, 1.0, ms), quality={metric: score(figure, 0.001, luck=k)})
            for (k, ms), figure in zip(steps, figures, strict=True)
        ]

    *plain, row = rows("drift", 7.0, 1.0, 6.0)
    rival = beside(row, plain, "drift").rival
    assert rival.value("drift") == pytest.approx(5) and rival.figure("drift").n == pytest.approx(5)
    *plain, row = rows("recall", 0.5, 0.9, 0.6)
    assert beside(row, plain, "recall").rival.longer is None


def test_few_rounds_widen_the_interval_where_the_error_is_that_of_the_timing():
    """Three rounds leave two degrees of freedom: 4.30 standard errors, where groups of samples have 2.06."""
    short, longer = timed(5, 3.0, 10, spread=1e-6), timed(10, 1.5, 20, spread=1e-6)
    row = timed(7, 2.25, 15, spread=1e-6, seconds=(0.015, 0.017, 0.013))
    found = beside(row, [short, longer]).difference
    assert (found.high - found.low) / 2 == pytest.approx(4.303 * 1.5 * (2 / 3**0.5) / 10, rel=1e-3)


def test_runs_of_two_samplers_are_not_mixed():
    other = dataclasses.replace(PLAIN[1], settings=PLAIN[1].settings.changed(sampler="heun"))
    assert beside(timed(7, 2.9, 15), [PLAIN[0], other]).rival.longer is None


def test_a_mixture_has_the_error_of_the_time_that_weighs_it():
    """The row's rounds differ from the mixture's by 0, 2 and -2 ms: 2 / sqrt(3) in the mean, of 10 ms between both."""
    short, longer = (dataclasses.replace(PLAIN[k], seconds=(t, t, t)) for k, t in ((0, 0.010), (1, 0.020)))
    row = dataclasses.replace(timed(7, 2.25, 15), seconds=(0.015, 0.017, 0.013))
    calm = dataclasses.replace(row, seconds=(0.015, 0.015, 0.015))
    of_time = 1.5 * (2 / 3**0.5) / 10
    errors = [
        (one.quality["frechet"].number - next(mixtures(one, [short, longer])).figure("frechet")).s
        for one in (row, calm)
    ]
    assert errors[0] ** 2 - errors[1] ** 2 == pytest.approx(of_time**2)


def test_more_steps_that_are_worse_are_no_rival():
    assert beside(timed(7, 1.6, 200), PLAIN).rival.run.settings.steps == 10


def test_a_run_of_as_many_evaluations_is_a_rival_though_its_rounds_were_a_little_slower():
    assert beside(timed(7, 1.2, 19.5), PLAIN).rival.run.settings.steps == 10
    assert "not told from ddim@10" in str(beside(timed(7, 1.55, 19.5, spread=0.3), PLAIN))


def test_what_the_spread_does_not_decide_and_what_nothing_plain_is_as_fast_as():
    assert beside(timed(7, 1.55, 25, spread=0.3), PLAIN).word == "undecided"
    alone = beside(timed(7, 9.0, 5), PLAIN)
    assert alone.word == "alone" and alone.rival is None and "no measured plain run is as fast" in str(alone)


def test_a_row_with_the_very_figures_of_its_rival_is_not_called_equal_for_certain():
    same = dataclasses.replace(PLAIN[1], settings=PLAIN[1].settings.changed(sampler="heun"))
    assert str(beside(same, PLAIN)).endswith("not told from ddim@10, the same figure in every group of samples")


def test_a_difference_that_rounding_makes_is_none_however_certain_it_is():
    for share, word in ((1e-6, "undecided"), (1e-2, "worse"), (-1e-6, "undecided"), (-1e-2, "better")):
        other = timed(11, 1.5 * (1 + share), 20, spread=1e-9)
        assert beside(other, [timed(10, 1.5, 20, spread=1e-9)]).word == word


def test_where_more_is_better_the_sign_turns():
    def adheres(steps, ms, value):
        base = timed(steps, 1.0, ms)
        return dataclasses.replace(base, quality={"adherence": score(value, 0.001, luck=steps)})

    plain = [adheres(5, 10, 0.90), adheres(10, 20, 0.95)]
    assert beside(adheres(7, 20, 0.99), plain, "adherence").word == "better"
    assert beside(adheres(7, 20, 0.91), plain, "adherence").word == "worse"
    assert higher_is_better("adherence") and not higher_is_better("frechet") and not higher_is_better("drift")


def test_rows_without_latency_are_refused():
    with pytest.raises(NotMeasured, match="latency and frechet"):
        beside(row("net", "ddim", 5, 1.0), PLAIN)
    with pytest.raises(NotMeasured):
        beside(PLAIN[0], [])


def test_what_is_plain():
    assert is_plain(PLAIN[0])
    others = [
        dataclasses.replace(PLAIN[0], techniques=("int8",), parent_sha256="net"),
        dataclasses.replace(PLAIN[0], parent_sha256="net"),
        dataclasses.replace(PLAIN[0], settings=PLAIN[0].settings.changed(precision="bfloat16")),
        dataclasses.replace(PLAIN[0], settings=PLAIN[0].settings.changed(reuse=2)),
        dataclasses.replace(PLAIN[0], settings=PLAIN[0].settings.changed(spacing="karras")),
        dataclasses.replace(PLAIN[0], settings=PLAIN[0].settings.changed(placed=(9.0, 5.0, 3.0, 2.0, 1.0, 0.0))),
    ]
    assert not any(map(is_plain, others))
