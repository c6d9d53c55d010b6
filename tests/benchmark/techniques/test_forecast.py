"""The forecast: rows and evaluations as they will be measured, and their minutes, before anything is computed."""

import pytest
import torch

from diffusion_lessons.benchmark.techniques import candidates as module
from diffusion_lessons.benchmark.techniques import forecast as forecasts
from diffusion_lessons.benchmark.techniques.candidates import Planned, planned
from diffusion_lessons.benchmark.techniques.forecast import forecast, seconds_of
from diffusion_lessons.benchmark.techniques.trained import TRAINED
from diffusion_lessons.machine import devices
from diffusion_lessons.sampling import Settings

NAME = "digits-diffusion"


def test_nothing_is_computed_and_no_file_is_made(tmp_path, monkeypatch):
    for name in ("grids_of", "least_missed", "images_in_the_time_of", "small_from_the_start", "made_plan"):
        monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(forecasts, "evaluation_seconds", lambda denoise, settings: 0.001)
    lines = list(forecast(NAME, tmp_path, samples=100))
    assert list(tmp_path.iterdir()) == []
    parts = list(planned(NAME, tmp_path))
    assert f"in all {sum(one.rows for one in parts)} rows of 100 samples" in lines[-1] and "minutes" in lines[-1]
    small = next(line for line in lines if line.startswith("small as long"))
    assert small == f"small as long: 2 rows, 15 evaluations a sample, {TRAINED:,} images of training"


def test_rows_and_evaluations_are_those_of_the_candidate(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PLACING", 2)
    first, candidate = next(planned(NAME, tmp_path)), next(module.candidates(NAME, tmp_path))
    assert first.rows == len(candidate.settings)
    assert first.evaluations == sum(one.steps for one in candidate.settings)


def test_minutes_by_hand():
    settings = [Settings("ddim", 10), Settings("ddim", 5, scale=2.0)]
    part = Planned("x", lambda: "x", settings, trained=1000, programs=True)
    assert part.evaluations == 20
    quality = (20 + 30) * 100 * 0.001 + 2 * 2.0  # and the fine run of 30; two rows to be judged
    latency = 6 * 20 * (1 * 0.01 + 25 * 0.001)
    expected = quality + 3 * 0.001 * 1000 + latency + 2 * 60
    assert seconds_of([part], 100, {1: 0.01, 25: 0.001}) == pytest.approx(expected)


@pytest.mark.parametrize("half", [torch.bfloat16, torch.float16, None])
def test_half_precision_is_left_out_where_it_would_be_imitated(half, tmp_path, monkeypatch):
    monkeypatch.setattr(devices, "half_precision", lambda device: half)
    said: list[str] = []
    first = next(planned(NAME, tmp_path, said.append))
    there = half is torch.bfloat16
    assert any(one.precision == "bfloat16" for one in first.settings) == there == ("half precision" in first.words)
    assert any(words.startswith("left out, half precision: ") for words in said) != there
