"""Rows of the tables become numbers of the ledger; what is not there says so."""

import pytest

from claims import tables as read
from claims.evidence import entry
from diffusion_lessons.benchmark.shipped import NotMeasured
from tests.claims.made import row


def test_rows_are_taken_at_the_largest_count_that_all_have(tables):
    tables(row("ddim", 10, samples=50), row("ddim", 10), row("ddim", 50, samples=50), row("ddim", 50, samples=500))
    found = read.rows_at_one_count(("ddim", 10, {}), ("ddim", 50, {}))
    assert [(one.settings.steps, one.samples) for one in found] == [(10, 50), (50, 50)]
    with pytest.raises(NotMeasured, match="rows of ddim@10, ddim@20 at one sample count"):
        read.rows_at_one_count(("ddim", 10, {}), ("ddim", 20, {}))


def test_scores_are_named_after_their_row_and_floors_are_those_of_real_images():
    found = row("ddim", 10, 2.0, 0.1, metrics={"adherence": 0.97}, options={"eta": 1.0})
    assert entry(read.score(found)) == ("ddim, eta = 1.0, 10 steps: frechet (n = 2000)", 2.0, 0.1)
    assert entry(read.floor(found, "adherence")) == ("real images: adherence (n = 2000)", 0.99, 0.01)
    assert entry(read.guided_score(row("ddim", 10, scale=7.5), "frechet")) == ("s = 7.5: frechet", 2.0, 0.01)


def test_a_metric_or_a_latency_that_was_not_measured_says_so():
    found = row("ddim", 10)
    with pytest.raises(NotMeasured, match="recall of"):
        read.score(found, "recall")
    with pytest.raises(NotMeasured, match="latency of both rows"):
        read.speed_up(found, row("ddpm", 1000, seconds=1.0))


def test_a_speed_up_is_a_ratio_of_latencies():
    times = read.speed_up(row("ddim", 50, seconds=0.05), row("ddpm", 1000, seconds=1.0))
    assert times.n == pytest.approx(20) and times.tag == "ddim@50: times faster than ddpm@1000"
