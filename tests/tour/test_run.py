"""The fast tour, from random weights to its page."""

import json
import re
import sys

import pandas as pd
import pytest

from diffusion_lessons import checkpoints, schedules, tour
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.checkpoints import load
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.sampling import Settings
from diffusion_lessons.tour.run import table


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("tour")
    page = tour.run(out, fast=True)
    return out, page


def test_the_table_names_every_sampler_and_its_evaluations(made):
    out, _ = made
    table = pd.read_csv(out / "results.csv")
    settings = list(zip(table["sampler"], table["steps"].fillna(0), strict=True))[:-1]
    assert settings == [("DDPM", 1000), ("DDIM", 50), ("DDIM", 20), ("DDIM", 10), ("DDIM", 5)]
    assert (table["NFE"] == table["steps"])[:-1].all()
    assert (table["seconds per image"][:-1] > 0).all() and table["quartiles apart"][:-1].notna().all()
    floor = table.iloc[-1]
    assert floor["adherence"] > 0.9


def test_its_figures_are_the_courses_own(made):
    """One adherence and one Fréchet distance in the course, named by their features: those of `measure`."""
    out, page = made
    denoise, digits = load(out / "digits-diffusion.safetensors"), evaluators.of_images("digits")
    options = {"evaluator": digits, "metrics": ("adherence", "frechet"), "repeats": 1}
    again = measure(denoise, Settings("ddim", 5, batch=10), **{**options, "metrics": ("adherence",)}, samples=20)
    shown = pd.read_csv(out / "results.csv")
    assert shown["adherence"][4] == pytest.approx(again.quality["adherence"].value, abs=0.051)  # stored in half
    row = measure(denoise, Settings("ddim", 2), **options, samples=130)
    line, floor = table([row]).to_dict("records")
    assert line["Fréchet distance"] == row.quality["frechet"].value > floor["Fréchet distance"] > 0
    assert "in digits features" in page.read_text().replace("\n", " ")


def test_the_page_holds_its_pictures_and_asks_nobody(made):
    out, page = made
    text = page.read_text()
    assert text.count('src="data:image/png;base64,') == 6
    assert not re.search(r'(?:src|href)="(?!data:)', text)
    assert "1.7678" in text and "$" not in re.sub(r"base64,[^\"]*", "", text)
    for name in ("samples", "denoising-ddpm", "denoising-ddim", "mixture", "guidance", "negative"):
        assert (out / f"{name}.png").stat().st_size > 5000


def test_the_numbers_and_the_network_are_kept(made):
    out, _ = made
    numbers = json.loads((out / "results.json").read_text())
    assert [row["scale"] for row in numbers["guidance"]] == [0, 1, 3, 7.5, 15]
    assert set(numbers["negative"]) >= {"taken for a 3 before", "taken for a 3 after"}
    denoise = load(out / "digits-diffusion.safetensors")
    assert denoise.shape == (1, 8, 8) and denoise.classes == 11
    assert denoise.card["images_seen"] == numbers["training"]["images"]


def test_a_network_that_was_trained_otherwise_is_not_replaced(tmp_path, monkeypatch):
    network = UNet(UNetConfig(widths=(8,), embedding=8))
    about = {"command": "diffusion-lessons train digits"}
    file = checkpoints.save(
        tmp_path / "digits-diffusion", network, schedules.cosine(), "v", shape=(1, 8, 8), about=about
    )
    before = file.read_bytes()
    monkeypatch.setattr(sys.modules[table.__module__], "worked_example", None)  # nothing is computed
    with pytest.raises(FileExistsError, match="was not trained by a tour and would be replaced: use another folder"):
        tour.run(tmp_path, fast=True)
    assert file.read_bytes() == before
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="could not write"):
        tour.run(tmp_path / "file" / "tour", fast=True)
