"""The three commands, end to end, on a network that has learned nothing."""

import pandas as pd
import pytest

from claims import ledger
from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark import plans, table
from diffusion_lessons.commands import measured
from diffusion_lessons.machine import places
from diffusion_lessons.networks import UNet, UNetConfig
from tests.benchmark.made import row, teacher


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    network = UNet(UNetConfig(channels=1, classes=10, widths=(8,), embedding=8, blocks=1, attention=()))
    return checkpoints.save(
        tmp_path_factory.mktemp("net") / "digits-untrained",
        network,
        schedules.cosine(),
        "v",
        shape=(1, 8, 8),
        class_names=tuple("0123456789"),
        about={"data": {"name": "digits"}},
    )


def test_a_benchmark_is_kept_and_its_frontier_drawn(untrained, tmp_path, monkeypatch, capsys):
    rows = [*plans.clipped("ddim", 1, 2), *plans.clipped("dpm_solver_pp_2m", 2, scale=2.0)]
    monkeypatch.setitem(plans.PLANS, "tiny", lambda card: [plans.Group(130, rows)])
    file = tmp_path / "rows.csv"
    found = measured.run_benchmark(str(untrained), "tiny", out=file, device="cpu")
    assert [row.nfe for row in found] == [1, 2, 4] and found[0].checkpoint == "digits-untrained"
    assert "DDIM@2" in capsys.readouterr().out
    again = measured.run_benchmark(str(untrained), "tiny", out=file, device="cpu")
    assert again == found  # nothing was measured twice
    best = measured.show_frontier(str(file), out=tmp_path / "frontier.png", budget=1)
    assert isinstance(best, pd.DataFrame) and (best["scale"] == 1).all()
    text = capsys.readouterr().out
    assert "best with nfe at most 1" in text and (tmp_path / "frontier-beyond-floor.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="unknown plan"):
        measured.run_benchmark(str(untrained), "fast", device="cpu")


def test_a_frontier_of_two_tables_names_both_networks(tmp_path, capsys):
    student = [row("student", "ddim", 1, 1.8), row("student", "ddim", 4, 1.2, samples=500)]
    for name, rows in {"net": teacher(), "student": student}.items():
        for each in rows:
            table.append(tmp_path / f"{name}.csv", each)
    best = measured.show_frontier(str(tmp_path / "net.csv"), str(tmp_path / "student.csv"))
    assert list(best["who"]) == ["student", "net", "net"] and (best["samples"] == 2000).all()
    assert "student: DDIM@1" in capsys.readouterr().out
    with pytest.raises(
        ValueError, match="frontier is drawn of clipped, unguided rows .*they have an empty table: none"
    ):
        measured.show_frontier(str(tmp_path / "net.csv"), str(tmp_path / "student.csv"), x="peak_memory_mb")


def test_the_ledger_is_printed_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "measurements", lambda: tmp_path)
    measured.show_claims(["C11"], out=tmp_path / "CLAIMS.md")
    assert "C11  holds" in capsys.readouterr().out
    assert set(ledger.read()) == {"C11"}
    assert "**Holds.**" in (tmp_path / "CLAIMS.md").read_text()
    with pytest.raises(ValueError, match="no claim C77"):
        measured.show_claims(["C77"])
