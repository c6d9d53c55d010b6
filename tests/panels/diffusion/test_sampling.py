"""The panels of sampling: more steps come closer, eta belongs to DDIM, and images are drawn from their own noise."""

import numpy as np
import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.checkpoints import load
from diffusion_lessons.data import load_data
from diffusion_lessons.panels.controls import sampler_menu
from diffusion_lessons.panels.diffusion.sampling import SAMPLES, SamplesPlot, image_panel, sampler_panel, some
from diffusion_lessons.panels.panel import Panel
from diffusion_lessons.samplers.base import State
from tests.panels.pixels import pixels

MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


@pytest.fixture(scope="module")
def playground():
    return sampler_panel(MIXTURE, schedules.ddpm_linear())


def moved_by(panel: Panel) -> float:
    return float(panel.alt.split("the data is ")[1].split()[0])


def test_more_steps_of_ddim_come_closer(playground):
    off = []
    for steps in (3, 10, 50):
        playground.controls["steps"].value = steps
        assert f"{steps} steps, {steps} evaluations" in playground.alt and "score" not in playground.alt
        off.append(moved_by(playground))
    assert off[0] > 2 * off[1] > 4 * off[2]


def test_eta_belongs_to_ddim(playground):
    assert not playground.controls["eta"].disabled
    playground.controls["eta"].value = 1.0
    assert "eta = 1" in playground.alt
    playground.controls["sampler"].value = "heun"
    assert playground.controls["eta"].disabled and "eta" not in playground.alt
    playground.controls["sampler"].value = "ddim"
    playground.controls["eta"].value = 0.0


def test_where_noise_is_drawn_chance_alone_is_told_apart(playground):
    """eta = 1 is worse than eta = 0 by more than what as many exact samples score, and the panel says both."""
    playground.controls["steps"].value = 10
    without = moved_by(playground)
    playground.controls["eta"].value = 1.0
    low, high = map(float, playground.alt.rpartition("score ")[2].rstrip(")").split(" to "))
    assert 0 < low < high < 0.02 and moved_by(playground) > without + high
    playground.controls["eta"].value = 0.0


def test_the_curve_of_the_data_keeps_its_size():
    plot, states = SamplesPlot(MIXTURE, schedules.flow()), [State(1.0, torch.zeros(SAMPLES), None)] * 2
    before = plot.right.get_xlim()
    plot.redraw(states, "black", "all at one place", some(3))
    assert plot.right.get_xlim() == before


def test_the_start_changes_the_picture_and_not_the_error(playground):
    error, before = moved_by(playground), pixels(playground)
    playground.controls["start"].value = 3
    assert moved_by(playground) == error
    assert np.abs(pixels(playground) - before).mean() > 0.1


@pytest.mark.parametrize("name", [name for _, name in sampler_menu("ddim").options])
@pytest.mark.parametrize("steps", [1, 4])
def test_every_sampler_of_the_menu_draws(playground, name, steps):
    playground.controls["steps"].value = steps
    playground.controls["sampler"].value = name
    assert ("1 step," if steps == 1 else "4 steps,") in playground.alt and np.isfinite(moved_by(playground))


def test_images_are_drawn_from_their_own_noise():
    picture = toys.point_masses(load_data("digits").images[:20].double())
    panel = image_panel(picture.denoiser(schedules.ddpm_linear()), steps=4, count=4)
    before = pixels(panel)
    assert panel.alt == "4 images by DDIM, 4 steps, 4 evaluations, start 0" and panel.width == before.shape[1]
    panel.controls["start"].value = 1
    assert np.abs(pixels(panel) - before).mean() > 5
    panel.controls["sampler"].value = "ddpm"
    assert "DDPM" in panel.alt


def test_variance_and_grid_are_choices_where_a_lesson_asks_for_them():
    network = load("digits-diffusion")
    panel = image_panel(network, sampler="ddpm", steps=4, count=4, variance="small", grid="trailing")
    before = pixels(panel)
    assert "DDPM, small variance, 4 steps" in panel.alt and "this grid starts" not in panel.alt
    panel.controls["variance"].value = "large"
    assert "large variance" in panel.alt and np.abs(pixels(panel) - before).mean() > 1
    panel.controls["grid"].value = "leading"
    assert "starts at t = 751, where pure noise is not" in panel.alt
    panel.controls["sampler"].value = "ddim"
    assert panel.controls["variance"].disabled and "variance" not in panel.alt
    assert not image_panel(network, steps=2, count=1).controls.keys() & {"variance", "grid"}


@pytest.mark.filterwarnings("error")
def test_a_grid_that_starts_late_is_told_in_the_words_and_not_warned_of():
    panel = image_panel(load("digits-diffusion"), steps=4, count=1, grid="leading")
    assert "starts at t = 751" in panel.alt


def test_some_rows_are_spread_over_all_and_shifted_together():
    rows = some(4)
    assert rows.tolist() == [SAMPLES // 8 + k * SAMPLES // 4 for k in range(4)]
    assert torch.equal(some(4, 3), (rows + 21) % SAMPLES)
