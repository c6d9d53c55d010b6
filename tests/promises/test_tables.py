"""The tool that makes the shipped tables: what is outdated goes, what is measured stays, the rest is measured."""

import dataclasses

import pytest
import tables

from diffusion_lessons.benchmark import table
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from tests.made import row


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
    given = {"ship": True, "latency": False, "device": None, "batch": 25, "compile": False, "precision": None}
    assert made == [("digits-flow", plan, given) for plan in ("few", "limit", "curve")]


def test_every_row_anew_goes_beside_the_table_and_is_compared(folder, tmp_path, monkeypatch, capsys):
    """A row that is kept would otherwise be read again, and nothing measured."""
    made = []

    def measures(name, plan, *, out, samples, **options):
        made.append((name, plan, out, samples))
        table.append(out, row("digits-flow", "ddim", 5, 3.0))

    monkeypatch.setattr(tables, "run_benchmark", measures)
    table.append(folder / "digits-flow.jsonl", row("digits-flow", "ddim", 5, 1.0))
    before = (folder / "digits-flow.jsonl").read_bytes()
    beside = tmp_path / "beside"
    assert tables.main(["digits-flow", "--anew", "--out", str(beside)]) == 1
    assert made == [("digits-flow", plan, beside / "digits-flow.jsonl", None) for plan in ("few", "limit")]
    told = capsys.readouterr().out
    assert "frechet 1 [" in told and "now 3 [" in told and "1 row in both tables; with a figure beyond" in told
    assert (folder / "digits-flow.jsonl").read_bytes() == before


def test_rows_made_elsewhere_are_taken_where_they_pair(folder, tmp_path, capsys):
    sha256 = cards.read_card("digits-flow")["sha256"]
    other = tmp_path / "gpu" / "digits-flow.jsonl"
    for file, steps in ((folder / "digits-flow.jsonl", 5), (other, 5), (other, 9)):
        table.append(file, dataclasses.replace(row("digits-flow", "ddim", steps, 1.0), checkpoint_sha256=sha256))
    assert tables.main(["digits-flow", "--take", str(other.parent)]) == 0
    assert "1 row taken from" in capsys.readouterr().out
    assert [one.settings.steps for one in table.read(folder / "digits-flow.jsonl")] == [5, 9]


def test_other_sample_counts_stay_out_of_the_shipped_tables(folder):
    with pytest.raises(SystemExit):
        tables.main(["digits-flow", "--samples", "2000"])
    with pytest.raises(SystemExit):
        tables.main(["digits-flow", "--precision", "bfloat16"])
    assert list(folder.iterdir()) == []
