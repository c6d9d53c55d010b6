"""Panels without a browser: a control is set, and the picture and its words follow."""

import asyncio
import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.data import load_data
from diffusion_lessons.panels import widgets
from diffusion_lessons.panels.panel import BUSY, Drawing, Panel

MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def pixels(panel: Panel) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(panel.image.value)).convert("RGB")).astype(float)


@pytest.fixture(scope="module")
def noising():
    return widgets.noising_panel(load_data("digits").images[:4], [schedules.ddpm_linear(), schedules.cosine()])


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


@pytest.fixture(scope="module")
def playground():
    return widgets.sampler_panel(MIXTURE, schedules.ddpm_linear())


def moved_by(panel: Panel) -> float:
    return float(panel.alt.split("move by ")[1].split()[0])


def test_more_steps_of_ddim_come_closer(playground):
    found = []
    for steps in (3, 10, 50):
        playground.controls["steps"].value = steps
        assert f"{steps} steps, {steps} evaluations" in playground.alt
        found.append(moved_by(playground))
    assert found[0] > 2 * found[1] > 4 * found[2]


def test_eta_belongs_to_ddim(playground):
    assert not playground.controls["eta"].disabled
    playground.controls["eta"].value = 1.0
    assert "eta = 1" in playground.alt
    playground.controls["sampler"].value = "heun"
    assert playground.controls["eta"].disabled and "eta" not in playground.alt
    playground.controls["sampler"].value = "ddim"
    playground.controls["eta"].value = 0.0


def test_the_start_changes_the_picture_and_not_the_error(playground):
    error, before = moved_by(playground), pixels(playground)
    playground.controls["start"].value = 3
    assert moved_by(playground) == error
    assert np.abs(pixels(playground) - before).mean() > 0.1


@pytest.mark.parametrize("name", [name for name, one in samplers.ALL.items() if one.info.stages is not None])
@pytest.mark.parametrize("steps", [1, 4])
def test_every_sampler_of_the_menu_draws(playground, name, steps):
    playground.controls["steps"].value = steps
    playground.controls["sampler"].value = name
    assert f"{steps} steps" in playground.alt and np.isfinite(moved_by(playground))


def test_images_are_drawn_from_their_own_noise():
    picture = toys.point_masses(load_data("digits").images[:20].double())
    panel = widgets.image_panel(picture.denoiser(schedules.ddpm_linear()), steps=4, count=4)
    before = pixels(panel)
    assert panel.alt == "4 images by DDIM, 4 steps, 4 evaluations, start 0" and panel.width == before.shape[1]
    panel.controls["start"].value = 1
    assert np.abs(pixels(panel) - before).mean() > 5
    panel.controls["sampler"].value = "ddpm"
    assert "DDPM" in panel.alt


def test_a_stored_panel_keeps_the_picture_and_the_words(noising):
    data, metadata = noising._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == noising.alt
    assert data["image/png"] and "application/vnd.jupyter.widget-view+json" in data


class Slow:
    """A drawing in five steps that remembers what it finished and how far it came."""

    def __init__(self):
        self.steps, self.finished = 0, []

    def __call__(self, n):
        for _ in range(5):
            self.steps += 1
            yield None
        if n < 0:
            raise ValueError("choose a number above 0")
        self.finished.append(n)
        yield Drawing(f"a picture of the number {n}".encode(), f"n is {n}")


def test_the_newest_position_wins(monkeypatch):
    monkeypatch.setattr("diffusion_lessons.panels.panel.BLINK", 0.0)
    slow, said = Slow(), []
    panel = Panel(slow, {"n": ipywidgets.IntSlider(1)})

    async def move():
        for n in (2, 3, 4):
            panel.controls["n"].value = n
        while slow.steps < 8:  # five steps of the first picture, then some of the newest
            await asyncio.sleep(0)
        panel.controls["n"].value = 5
        await panel._work

    panel.words.observe(lambda change: said.append(change["new"]), names="value")
    asyncio.run(move())
    assert said == [BUSY, "n is 5"]
    assert panel.image.value == b"a picture of the number 5" and panel.words.value == "n is 5"
    assert slow.finished == [1, 5]


def test_a_choice_that_does_not_go_together_says_so():
    panel = Panel(Slow(), {"n": ipywidgets.IntSlider(1, min=-5)})

    async def move():
        panel.controls["n"].value = -1
        await panel._work

    asyncio.run(move())
    assert "choose a number above 0" in panel.words.value and panel.image.value == b"a picture of the number 1"
