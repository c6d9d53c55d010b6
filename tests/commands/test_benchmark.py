"""A benchmark and its frontier, end to end, on a network that has learned nothing."""

import pandas as pd
import pytest

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark import plans
from diffusion_lessons.commands import benchmark as commands
from diffusion_lessons.commands.benchmark import run_benchmark
from diffusion_lessons.commands.frontier import show_frontier
from diffusion_lessons.networks import UNet, UNetConfig


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
    settings = [*plans.at_steps("ddim", 1, 2), *plans.at_steps("dpm_solver_pp_2m", 2, scale=2.0)]
    monkeypatch.setitem(plans.PLANS, "tiny", lambda card: [plans.Group(130, settings)])
    file = tmp_path / "rows.jsonl"
    rows = run_benchmark(str(untrained), "tiny", out=file, device="cpu")
    assert [row.nfe for row in rows] == [1, 2, 4] and rows[0].checkpoint == "digits-untrained"
    assert "DDIM@2" in capsys.readouterr().out
    again = run_benchmark(str(untrained), "tiny", out=file, device="cpu")
    assert again == rows  # nothing was measured twice
    best = show_frontier(str(file), out=tmp_path / "frontier.png", budget=1)
    assert isinstance(best, pd.DataFrame) and (best["scale"] == 1).all()
    text = capsys.readouterr().out
    assert "best with nfe at most 1" in text and (tmp_path / "frontier-beyond-floor.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="unknown plan"):
        run_benchmark(str(untrained), "fast", device="cpu")


def test_who_stops_a_benchmark_is_told_what_stays(untrained, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(plans.PLANS, "tiny", lambda card: [plans.Group(130, plans.at_steps("ddim", 1, 2, scale=1.0))])
    real = commands.sweep

    def stopped(*arguments, **options):
        yield next(real(*arguments, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "sweep", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_benchmark(str(untrained), "tiny", out=tmp_path / "rows.jsonl", latency=False, device="cpu")
    assert f"stopped: what was measured is kept in {tmp_path / 'rows.jsonl'}, and" in capsys.readouterr().out
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1
