"""Advice from rows whose best choice is known, and what it says it does not know."""

import dataclasses

import pytest

from diffusion_lessons.benchmark.techniques.advice import USES, advise, seconds
from tests.made import row, score


def timed(steps, ms, frechet, spread=0.01, adherence=None, **changes):
    base = row("net", "ddim", steps, frechet, spread)
    quality = dict(base.quality)
    if adherence is not None:
        quality["adherence"] = score(adherence, 0.001, luck=steps)
    settings = base.settings.changed(batch=1)
    times = {"seconds_per_image": ms / 1000, "seconds_q3": 1.1 * ms / 1000}
    return dataclasses.replace(base, settings=settings, quality=quality, **{**times, **changes})


ROWS = [timed(5, 10, 3.0, adherence=0.9), timed(10, 20, 2.0, adherence=0.95), timed(20, 40, 1.5), timed(50, 100, 1.2)]


def test_the_best_within_the_budget_and_the_runner_up():
    advice = advise(ROWS, 0.05)
    assert advice.best is ROWS[2] and advice.runner_up is ROWS[1] and advice.within == (3, 4)
    assert advice.gap.value == pytest.approx(0.5) and advice.gap.low > 0 and advice.cheaper is None
    assert "44 ms" in str(advice) and "one of 3 measured rows within the budget, of 4" in str(advice)
    assert advise(ROWS, None).best is ROWS[3]


def test_the_budget_holds_for_the_whole_batch_and_its_upper_quartile():
    assert seconds(ROWS[0]) == pytest.approx(0.011)
    many = dataclasses.replace(ROWS[0], settings=ROWS[0].settings.changed(batch=25))
    assert seconds(many) == pytest.approx(25 * 0.011)
    assert advise(ROWS, 0.041).best is ROWS[1]  # 40 ms in the middle, 44 at the quartile


def test_a_metric_that_is_better_high():
    advice = advise(ROWS, 0.05, "adherence")
    assert advice.best is ROWS[1] and advice.runner_up is ROWS[0]
    assert any("adherence of 2 further rows" in one for one in advice.not_measured)


def test_a_cheaper_row_that_cannot_be_told_from_the_best_is_named():
    near = timed(7, 15, 2.001, spread=0.2)
    advice = advise([*ROWS[:2], near], 0.05)
    assert advice.cheaper is near is advice.runner_up and advice.tied == 1
    assert "1 other row ties with it: 2,000 samples do not tell them from it" in str(advice)
    assert "; a tie, a difference of 0.001 [" in str(advice) and "cheapest  of all these is the runner-up" in str(
        advice
    )
    third = advise([*ROWS[:2], near, timed(8, 12, 2.002, spread=0.2)], 0.05)
    assert "cheapest  net (as it is), ddim@8: 13.2 ms" in str(third) and third.tied == 2
    assert advise(ROWS, 0.05).tied == 0 and "tie" not in str(advise(ROWS, 0.05))


def test_equal_figures_are_no_certain_equality():
    same = dataclasses.replace(ROWS[1], settings=ROWS[1].settings.changed(sampler="heun"))
    words = str(advise([ROWS[1], same], None, "adherence"))
    assert "[0, 0]" not in words and "a tie, the same figure in every group of samples" in words
    assert "(2,000 of them do not show a difference below 0.002)" in words  # 3 of 2,000
    assert "of them do not show" not in str(advise([ROWS[1], same], None))


def test_what_was_not_measured_is_said():
    words = str(advise(ROWS, 0.05))
    for part in ("any machine but cpu", "other batches than 1", "what people prefer", "memory"):
        assert part in words


def test_nothing_that_fits_and_nothing_that_was_measured():
    with pytest.raises(ValueError, match=r"no row fits within 5 ms; the fastest takes 11 ms \(plain: ddim@5\)"):
        advise(ROWS, 0.005)
    with pytest.raises(ValueError, match="no row has kernel; measured were adherence, frechet"):
        advise(ROWS, 1.0, "kernel")


def test_figures_of_two_data_sets_or_sample_counts_are_not_ranked_together():
    for changes in ({"features": "others"}, {"samples": 500}, {"reference_sha256": "another"}):
        with pytest.raises(ValueError, match="cannot be compared: ask for advice on each by itself"):
            advise([*ROWS, dataclasses.replace(ROWS[0], **changes)], None)


def test_text_2s_three_uses_are_named():
    assert set(USES) == {"live", "interactive", "batch"} and USES["live"][0] == 1
