"""The panel of noising says how much of the data is left, and a stored one keeps picture and words."""

import numpy as np
import pytest

from diffusion_lessons import schedules
from diffusion_lessons.data import load_data
from diffusion_lessons.panels.diffusion.noising import noising_panel
from tests.panels.pixels import pixels

LIVE = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def noising():
    return noising_panel(load_data("digits").images[:4], [schedules.ddpm_linear(), schedules.cosine()])


def test_noising_shows_the_data_share_of_the_schedule(noising):
    before = pixels(noising)
    noising.controls["percent"].value = 50
    assert "linear schedule, t = 50 % of T" in noising.words.value
    assert f"{schedules.ddpm_linear().alpha_bar(500.0):.1%}" in noising.words.value
    assert np.abs(pixels(noising) - before).mean() > 1
    noising.controls["schedule"].value = "cosine"
    assert (
        f"cosine schedule, t = 50 % of T: of a variance of 1, {schedules.cosine().alpha_bar(500.0):.1%}" in noising.alt
    )


def test_noising_ends_at_data_and_noise(noising):
    noising.controls["percent"].value = 0
    assert "100.0% is still data" in noising.alt
    noising.controls["percent"].value = 100
    assert "0.0% is still data" in noising.alt


def test_a_stored_panel_keeps_the_picture_and_the_words(noising):
    (picture, metadata), (caption, _) = noising.outputs()
    assert picture["text/plain"] == metadata["image/png"]["alt"] == caption["text/markdown"] == noising.alt
    assert picture["image/png"] and all(LIVE in data for data in (picture, caption))
