"""`optimise`: a plan that was measured beside its parent; nothing is written where it could not be made."""

import json

import pytest
import torch

from diffusion_lessons import generate, load
from diffusion_lessons.benchmark.techniques import candidates
from diffusion_lessons.commands import optimise
from diffusion_lessons.commands.optimise import plain, run_optimise
from diffusion_lessons.sampling import Settings

SETTINGS = Settings("ddim", 4, batch=10)


def test_a_plan_is_made_measured_and_loaded(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(candidates, "PLACING", 2)
    out = tmp_path / "plan.json"
    measured = run_optimise(
        "digits-diffusion", out, SETTINGS, cache_features=2, place_steps=True, samples=140, rounds=2
    )
    content = json.loads(out.read_text())
    assert content["measured"] == measured and content["plan"] == {"features": 2}
    assert len(content["settings"]["placed"]) == 5 and content["parent"] == "digits-diffusion"
    assert measured["faster"]["low"] <= measured["faster"]["value"] <= measured["faster"]["high"]
    entry = measured["frechet"]
    assert entry["difference"]["value"] == pytest.approx(entry["plan"] - entry["parent"], rel=1e-2, abs=1e-3)
    printed = capsys.readouterr().out
    assert "times as fast" in printed and "batch 10" in printed and "in pairs" in printed
    denoise = load(out)
    x = generate(denoise, 2, labels=[3], sampler="ddim", steps=4)[-1].x
    assert x.isfinite().all() and denoise.network.reused == 2


def test_blocks_are_chosen_by_their_loss_and_latency_may_be_all(tmp_path, monkeypatch):
    x0 = torch.randn(4, 1, 8, 8)
    monkeypatch.setattr(optimise, "ranking_images", lambda denoise: (x0, torch.arange(4)))
    out = tmp_path / "plan.json"
    measured = run_optimise("digits-diffusion", out, SETTINGS, drop_blocks=1, samples=0, rounds=2)
    assert "frechet" not in measured and len(json.loads(out.read_text())["plan"]["blocks"]) == 1


def test_a_network_told_in_words_is_judged_by_its_sentences(tmp_path, capsys):
    out = tmp_path / "plan.json"
    heads = ["levels.down.around:0"]
    measured = run_optimise(
        "captions-diffusion", out, Settings("ddim", 1, batch=65), drop_heads=heads, samples=130, rounds=2
    )
    assert measured["adherence"]["samples"] == 130 and measured["frechet"]["plan"] > 0
    assert "quality was not measured" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, "nothing was asked for"),
        ({"int8": True, "cache_features": 2}, "choose one of the two"),
        ({"int8": True, "settings": Settings("ddim", 4, precision="bfloat16")}, "leave --precision bfloat16 out"),
        ({"extrapolate": True}, "none are kept"),
        ({"drop_heads": ["levels.down:0"]}, "no attention heads"),
        ({"cache_features": 2, "out": "plan.txt"}, r"ends in \.json"),
        ({"cache_features": 2, "checkpoint": "none"}, "no checkpoint 'none'"),
    ],
)
def test_what_cannot_be_made_is_refused_and_nothing_is_written(options, words, tmp_path):
    more = {"checkpoint": "digits-diffusion", "settings": SETTINGS, "samples": 0, **options}
    out = tmp_path / more.pop("out", "plan.json")
    with pytest.raises((ValueError, FileNotFoundError), match=words):
        run_optimise(more.pop("checkpoint"), out, more.pop("settings"), **more)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("checkpoint", "options", "words"),
    [
        ("captions-diffusion", {"prune_channels": 0.25}, "whose heads share its features"),
        ("captions-diffusion", {"compile": True}, "the U-Net alone"),
        ("captions-diffusion", {"drop_heads": ["levels.down.around:9"]}, "no head"),
        ("digits-diffusion", {"prune_channels": 0.3}, "multiple of 1/8"),
    ],
)
def test_what_the_network_does_not_allow_is_said_before_anything_is_computed(
    checkpoint, options, words, tmp_path, monkeypatch
):
    for name in ("grids_of", "least_missed", "ranking_images", "weights_of", "interleaved_runs"):
        monkeypatch.setattr(optimise, name, None)
    with pytest.raises(ValueError, match=words):
        run_optimise(checkpoint, tmp_path / "plan.json", SETTINGS, drop_blocks=1, place_steps=True, **options)


def test_it_is_compared_with_the_same_sampler_and_steps():
    changed = SETTINGS.changed(placed=(1000.0, 700.0, 400.0, 100.0, 0.0), reuse=2, scale=2.0, precision="bfloat16")
    assert plain(changed) == SETTINGS.changed(scale=2.0)
