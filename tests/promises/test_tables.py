"""The tool that makes the shipped tables: what is outdated goes, what is measured stays, the rest is measured."""

import dataclasses

import pytest
import tables

from diffusion_lessons.benchmark import table
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from tests.benchmark.made import row


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    return tmp_path


def test_rows_of_another_network_or_of_other_real_images_are_dropped(folder):
    file, ours = folder / "digits-flow.jsonl", cards.read_card("digits-flow")["sha256"]
    reference = cards.read_card("digits-features")["sha256"]
    base = dataclasses.replace(row("digits-flow", "ddim", 5, 1.0), checkpoint_sha256=ours, reference_sha256=reference)
    rows = [
        base,
        dataclasses.replace(base, checkpoint_sha256="another"),
        dataclasses.replace(base, reference_sha256="another"),
        dataclasses.replace(base, samples=0, reference_sha256=None),
    ]
    for one in rows:
        table.append(file, one)
    assert tables.drop_outdated("digits-flow") == 2
    assert table.read(file, ours) == [rows[0], rows[3]]
    assert tables.drop_outdated("digits-flow") == 0 == tables.drop_outdated("mnist-flow")


def test_every_checkpoint_with_a_table_is_measured_by_its_plans(folder, monkeypatch):
    made = []
    monkeypatch.setattr(tables, "run_benchmark", lambda name, plan, **options: made.append((name, plan, options)))
    (folder / "digits-flow.jsonl").touch()
    (folder / "no-checkpoint.jsonl").touch()
    assert tables.main([]) == 0 and tables.main(["digits-flow", "--plans", "curve"]) == 0
    assert made == [("digits-flow", plan, {"ship": True, "latency": False}) for plan in ("few", "curve")]
