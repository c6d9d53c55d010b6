"""The networks beside each other: rows that may be compared, with latencies that were timed in turn."""

import pytest

from diffusion_lessons.benchmark.techniques import networks
from diffusion_lessons.benchmark.techniques.advice import advise
from diffusion_lessons.benchmark.techniques.networks import (
    MOST_EVALUATIONS,
    NETWORKS,
    measured_networks,
    network_rows,
    time_networks,
)

STUDENTS = ("mnist-progressive-1", "mnist-progressive-2")


def test_every_network_is_there_on_as_many_samples_and_unguided():
    rows = measured_networks()
    assert {row.checkpoint for row in rows} == set(NETWORKS)
    assert len({row.samples for row in rows}) == 1 and len({row.reference_sha256 for row in rows}) == 1
    assert all(row.settings.scale == 1 and row.nfe <= MOST_EVALUATIONS for row in rows)


def test_latencies_are_joined_by_network_and_batch(tmp_path, monkeypatch):
    file = tmp_path / "networks.jsonl"
    monkeypatch.setattr(networks, "latency_file", lambda: file)
    with pytest.raises(FileNotFoundError, match=r"python -m diffusion_lessons\.benchmark\.techniques\.networks"):
        network_rows(1, STUDENTS)
    time_networks(file, STUDENTS, batches=(1,), rounds=2)
    rows = network_rows(1, STUDENTS)
    assert [row.checkpoint for row in rows] == list(STUDENTS)
    assert all(row.clock == "processor" and row.settings.batch == 1 and row.seconds_per_image > 0 for row in rows)
    assert len({row.session for row in rows}) == 1
    advice = advise(rows, None, "frechet")
    assert advice.best.quality["frechet"].value == min(row.quality["frechet"].value for row in rows)
    with pytest.raises(LookupError, match="latency at batch 25; there is latency at 1"):
        network_rows(25, STUDENTS)
