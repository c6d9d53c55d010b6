"""Two denoisers on the same sentences and noise: what is counted adds up, and only tables of what ships are read."""

import json

import pytest
import typer
from typer.testing import CliRunner

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark.captions import two_paths
from diffusion_lessons.benchmark.captions.two_paths import SETTINGS, compare_paths, read
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import load_judge
from tests.captions.small import save_judge, save_system

FAST = {"fast": TEN_STEPS.changed(steps=2)}


@pytest.fixture
def pair(tmp_path):
    """Files of one network twice: as it is, and on the flow path."""
    save_judge(tmp_path)
    diffusion = save_system(tmp_path)
    network, card = checkpoints.load(diffusion).unet, cards.read_card(diffusion)
    about = {name: card[name] for name in ("parts", "recipe")}
    path = schedules.flow()
    flow = checkpoints.save(tmp_path / "captions-flow", network, path, "velocity", shape=(4, 8, 8), about=about)
    return diffusion, flow


def test_what_is_counted_adds_up_and_a_network_is_as_good_as_itself(pair):
    judge = load_judge(pair[0].with_name("captions-judge.safetensors"))
    diffusion, flow = map(checkpoints.load, pair)
    ((name, rows),) = compare_paths(diffusion, flow, judge, 24, FAST, batch=10)
    assert name == "fast" and {"digit", "ink", "all said"} <= rows.keys()
    for row in rows.values():
        assert row["flow"] - row["diffusion"] == row["only flow"] - row["only diffusion"]
        value, low, high = row["flow - diffusion"]
        assert low <= value <= high
        assert value == pytest.approx((row["flow"] - row["diffusion"]) / row["asked"], abs=1e-4)
    ((_, same),) = compare_paths(diffusion, diffusion, judge, 24, FAST)
    assert all(row["only flow"] == row["only diffusion"] == 0 for row in same.values())


def test_the_command_writes_a_table_that_is_read_only_for_these_networks(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(two_paths, "SETTINGS", FAST)
    app, out = typer.Typer(), tmp_path / "table.json"
    app.command()(two_paths.main)
    files = [str(file) for file in pair]
    run = CliRunner().invoke(app, [*files, "--out", str(out), "--count", "3", "--device", "cpu"])
    assert run.exit_code == 0 and "1 settings" in run.output
    with pytest.raises(NotMeasured, match="make it with"):
        read(tmp_path / "none.json")
    monkeypatch.setattr(two_paths, "PAIR", tuple(files))
    assert read(out) == json.loads(out.read_text())["figures"]
    monkeypatch.setattr(two_paths, "PAIR", tuple(reversed(files)))
    with pytest.raises(ValueError, match="other networks"):
        read(out)


def test_every_way_of_sampling_suits_both_paths(pair):
    for file in pair:
        for settings in SETTINGS.values():
            settings.check(checkpoints.load(file))
