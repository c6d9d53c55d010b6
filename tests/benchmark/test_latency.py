"""Latencies timed in turn, and speed-ups that name all that they hold for."""

import dataclasses
import json
import time

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.benchmark import latency, measure, table
from diffusion_lessons.benchmark.latency import interleaved, speed_up
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.sampling import Settings
from tests.made import row

MIXTURE, PATH = toys.GaussianMixture([[-2.0], [1.0]], stds=[0.4, 0.6]), schedules.cosine()
GRID = [Settings("ddim", steps, batch=8, limit=None) for steps in (2, 6)]


def timed(steps, seconds, session="one", cost=0.1, **changes):
    base = row("net", "ddim", steps, 1.0)
    return dataclasses.replace(base, seconds=seconds, session=session, evaluation_seconds=cost, load=1.5, **changes)


def test_every_round_times_every_row_and_the_rounds_are_kept(tmp_path):
    rows = interleaved(MIXTURE.denoiser(PATH), GRID, rounds=3)
    assert [one.nfe for one in rows] == [2, 6] and len({one.session for one in rows}) == 1
    for one in rows:
        assert one.samples == 0 and one.repeats == len(one.seconds) == 3 and not one.quality
        assert one.seconds_q1 <= one.seconds_per_image <= one.seconds_q3 and one.evaluation_seconds > 0
        assert Measurement.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_several_denoisers_are_timed_in_the_same_rounds():
    wide = toys.GaussianMixture([[0.0]], stds=[1.0]).denoiser(PATH)
    runs = [(MIXTURE.denoiser(PATH), GRID[0]), (wide, GRID[1])]
    rows = latency.interleaved_runs(runs, rounds=2)
    assert [row.settings for row in rows] == GRID and rows[0].session == rows[1].session
    assert rows[0].checkpoint_sha256 != rows[1].checkpoint_sha256 and speed_up(rows[0], rows[1]).measured.value > 0
    with pytest.raises(ValueError, match="at least two rounds"):
        latency.interleaved_runs([])


def test_the_processors_clock_counts_what_was_computed_and_says_so(monkeypatch):
    (row,) = latency.interleaved_runs([(MIXTURE.denoiser(PATH), GRID[0])], rounds=2, clock="processor")
    assert row.clock == "processor" and Measurement.from_json(json.loads(json.dumps(row.to_json()))) == row
    assert "processor time" in latency.conditions(row) and "load" not in latency.conditions(row)
    assert row.evaluation_seconds > 0 and row.seconds_per_image > 0
    with pytest.raises(ValueError, match="counts what a CPU computes, and the network is on cuda"):
        measure.clock_of("processor", torch.device("cuda"))
    with pytest.raises(ValueError, match="unknown clock 'sun'"):
        measure.clock_of("sun", torch.device("cpu"))


def test_a_process_that_waits_has_a_latency_by_the_wall_and_none_by_the_processor():
    class Waits:
        classes, path, shape = None, PATH, (1,)

        def __call__(self, x, t, condition=None):
            time.sleep(0.05)
            return Estimate(x, x)

    rows = [latency.interleaved_runs([(Waits(), GRID[0])], 2, clock=clock)[0] for clock in ("wall", "processor")]
    assert rows[0].seconds_per_image * 8 > 0.1 > 2 * rows[1].seconds_per_image * 8  # two evaluations of 8 samples


@pytest.mark.parametrize("scale, images", [(1.0, 8), (3.0, 16)])
def test_the_evaluation_that_is_timed_is_as_large_as_that_of_a_step(scale, images):
    class Counts:
        classes, path, shape = 3, PATH, (1,)

        def __call__(self, x, t, condition=None):
            seen.add((len(x), len(condition)))
            return Estimate(x, x)

    seen = set()
    latency.evaluation_seconds(Counts(), Settings("ddim", 2, scale=scale, batch=8))
    assert seen == {(images, images)}


def test_a_row_is_never_always_the_first(monkeypatch):
    order = []

    def timed_by_hand(denoise, settings, **options):
        order.append(settings.steps)
        return timed(settings.steps, (1.0,), seconds_per_image=1.0)

    monkeypatch.setattr(latency, "measure", timed_by_hand)
    monkeypatch.setattr(latency, "evaluation_seconds", lambda *a, **options: 0.1)
    interleaved(None, GRID, rounds=3)
    assert order == [2, 6, 6, 2, 2, 6, 6, 2]


def test_a_speed_up_is_paired_by_rounds_and_names_its_conditions():
    drift = (1.0, 1.3, 0.8, 1.1)
    slow, fast = timed(50, tuple(5 * d for d in drift)), timed(10, drift)
    found = speed_up(fast, slow)
    assert found.measured == (pytest.approx(5), pytest.approx(5), pytest.approx(5))
    assert found.predicted == pytest.approx(5)
    assert found.words == "5 times [5, 5] faster (by evaluations 5); batch 100, float32, 1 thread, load 1.5 on 2 cores"
    assert "float32, compiled, 1 thread" in speed_up(dataclasses.replace(fast, compiled=True), slow).words
    with pytest.raises(NotMeasured, match="in one session"):
        speed_up(fast, dataclasses.replace(slow, session="two"))
    with pytest.raises(NotMeasured):
        speed_up(row("net", "ddim", 1, 1.0), row("net", "ddim", 2, 1.0))


def test_a_table_is_timed_once_and_anew_where_a_row_is_missing(tmp_path):
    file, denoise = tmp_path / "rows.jsonl", MIXTURE.denoiser(PATH)
    rows = latency.timed_table(denoise, GRID, file, rounds=2)
    assert table.read(file) == rows == latency.timed_table(denoise, GRID, file, rounds=2)
    more = latency.timed_table(denoise, [*GRID, Settings("heun", 2, batch=8, limit=None)], file, rounds=2)
    assert len({one.session for one in more}) == 1 and more[0].session != rows[0].session
    assert len(table.read(file)) == 5


def test_too_little_to_time_is_refused():
    with pytest.raises(ValueError, match="0 settings and 7 rounds"):
        interleaved(MIXTURE.denoiser(PATH), [])
