"""Two denoisers on the same sentences and noise: what is counted adds up, and only what ships is compared."""

import json

import pytest
import torch
import typer
from typer.testing import CliRunner

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark.captions import two_paths
from diffusion_lessons.benchmark.captions.two_paths import SETTINGS, compare_paths, read, shown_by
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import load_judge
from tests.captions.small import save_judge, save_system

FAST = {"fast": TEN_STEPS.changed(steps=2), "faster": TEN_STEPS.changed(steps=1)}


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
    first, second = (shown_by(checkpoints.load(file), judge, 24, FAST["fast"]) for file in pair)
    rows = compare_paths(first, second)
    assert {"digit", "ink", "all said"} <= rows.keys()
    for row in rows.values():
        assert row["flow"] - row["diffusion"] == row["only flow"] - row["only diffusion"]
        value, low, high = row["flow - diffusion"]
        assert low <= value <= high
        assert value == pytest.approx((row["flow"] - row["diffusion"]) / row["asked"], abs=1e-4)
    assert all(row["only flow"] == row["only diffusion"] == 0 for row in compare_paths(first, first).values())


def test_the_batch_makes_no_difference(pair):
    judge, flow = load_judge(pair[0].with_name("captions-judge.safetensors")), checkpoints.load(pair[1])
    one, other = (shown_by(flow, judge, 12, FAST["faster"], batch) for batch in (5, 12))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_the_command_goes_on_where_it_stopped_and_only_what_ships_is_compared(pair, tmp_path, monkeypatch):
    monkeypatch.setattr(two_paths, "SETTINGS", FAST)
    app, out = typer.Typer(), tmp_path / "table.json"
    app.command()(two_paths.main)

    def run(file, *more):
        return CliRunner().invoke(app, [str(file), "--out", str(out), "--count", "3", "--device", "cpu", *more])

    assert "2 settings" in run(pair[0]).output
    with pytest.raises(NotMeasured, match="captions-flow.safetensors shows: measure it with python -m"):
        read(out, pair)
    with pytest.raises(NotMeasured, match="what captions-diffusion shows"):
        read(out)  # the package's own is another
    monkeypatch.setattr(two_paths, "SETTINGS", {"fast": FAST["fast"]})
    assert "1 settings" in run(pair[1]).output
    assert list(read(out, pair)) == ["fast"]
    before = json.loads(out.read_text())
    monkeypatch.setattr(two_paths, "SETTINGS", FAST)
    monkeypatch.setattr(two_paths, "shown_by", lambda *_: {"all said": torch.tensor([True, False, True])})
    assert "2 settings" in run(pair[1]).output  # and the first of them was not made again
    after = json.loads(out.read_text())
    assert after["networks"]["captions-flow"]["shown"]["faster"] == {"all said": "101"}
    del after["networks"]["captions-flow"]["shown"]["faster"]
    assert after == before
    assert run(pair[1], "--count", "4").exit_code == 2


def test_every_way_of_sampling_suits_both_paths(pair):
    for file in pair:
        for settings in SETTINGS.values():
            settings.check(checkpoints.load(file))
