"""The fast tour, from random weights to its page."""

import json
import re

import pandas as pd
import pytest
import torch

from diffusion_lessons import tour
from diffusion_lessons.checkpoints import load
from diffusion_lessons.data import load_data
from diffusion_lessons.tour.judge import Judge


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("tour")
    page = tour.run(out, fast=True)
    return out, page


def test_the_table_names_every_sampler_and_its_evaluations(made):
    out, _ = made
    table = pd.read_csv(out / "results.csv")
    settings = list(zip(table["sampler"], table["steps"].fillna(0), strict=True))[:-1]
    assert settings == [("ddpm", 1000), ("ddim", 50), ("ddim", 20), ("ddim", 10), ("ddim", 5)]
    assert (table["NFE"] == table["steps"])[:-1].all()
    assert (table["seconds per image"][:-1] > 0).all() and table["spread"][:-1].notna().all()
    floor = table.iloc[-1]
    assert floor["recognised"] > 0.9 and floor["Frechet distance"] < table["Frechet distance"][:-1].min()


def test_the_page_holds_its_pictures_and_asks_nobody(made):
    out, page = made
    text = page.read_text()
    assert text.count('src="data:image/png;base64,') == 5
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "1.7678" in text and "$" not in re.sub(r"base64,[^\"]*", "", text)
    for name in ("samples", "denoising", "mixture", "guidance", "negative"):
        assert (out / f"{name}.png").stat().st_size > 5000


def test_the_numbers_and_the_network_are_kept(made):
    out, _ = made
    numbers = json.loads((out / "results.json").read_text())
    assert [row["scale"] for row in numbers["guidance"]] == [0, 1, 3, 7.5, 15]
    assert set(numbers["negative"]) >= {"taken for a 3 before", "taken for a 3 after"}
    denoise = load(out / "digits-diffusion.safetensors")
    assert denoise.shape == (1, 8, 8) and denoise.classes == 11
    assert denoise.card["images_seen"] == numbers["training"]["images"]


def test_the_judge_knows_real_digits_and_is_not_fooled():
    judge = Judge.of(load_data("digits"))
    real = load_data("digits", "test")
    assert judge.recognised(real.images, real.labels) > 0.95
    assert judge.recognised(real.images, (real.labels + 1) % 10) < 0.02
    noise = torch.randn(len(real), 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert judge.recognised(noise, real.labels) < 0.3
    assert judge.distance(noise) > 10 * judge.distance(real.images)
