"""The panels of guidance: the arrows are what the scale adds, the samples follow, and a negative is a choice."""

import numpy as np
import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.figures.diffusion.trajectories import cloud_figure
from diffusion_lessons.guidance.classifier_free import classifier_free
from diffusion_lessons.panels.conditions import guidance as guidance_panels
from diffusion_lessons.samplers.base import sample
from diffusion_lessons.samplers.ddim import ddim
from tests.panels.pixels import pixels

PATH = schedules.cosine()
PLANE = toys.ConditionalMixture([toys.GaussianMixture([[m, 0.0]], stds=0.5) for m in (0.0, 1.5, -1.5)])


def numbers(panel):
    """How far the mean of the samples is from the class's own, and how wide they are spread beside it."""
    away, spread = panel.alt.split("mean is ")[1].split(" from the class's own, and they are spread ")
    return float(away), float(spread.split()[0])


@pytest.fixture(scope="module")
def field():
    return guidance_panels.field_panel(PLANE, PATH, scale=1.0, negative=1)


def test_scale_one_adds_nothing_and_samples_the_class(field):
    field.controls["scale"].value = 1.0
    away, spread = numbers(field)
    assert away < 0.15 and spread == pytest.approx(1, abs=0.15)


def test_a_negative_pushes_away_as_far_as_the_formula_says(field):
    """Equal widths: the mean goes to m_- + s (m_+ - m_-), a push of (s - 1) 1.5 from class 0, and no other width."""
    before = pixels(field)
    field.controls["scale"].value = 3.0
    away, spread = numbers(field)
    assert away == pytest.approx(2 * 1.5, abs=0.15) and spread == pytest.approx(1, abs=0.15)
    assert "away from class 1" in field.alt and abs(pixels(field) - before).mean() > 0.5
    field.controls["negative"].value = None
    assert numbers(field)[0] < 0.5 and "away from no condition" in field.alt


def test_the_steps_are_enough_for_the_highest_scale():
    """What is seen at scale 10 is guidance's doing, not a solver's: DDIM in 1000 steps ends at the same place."""
    panel = guidance_panels.field_panel(PLANE, PATH, scale=10.0)
    away, spread = numbers(panel)
    denoise, noise = (
        classifier_free(PLANE.denoiser(PATH), 0, 10.0),
        PATH.prior((guidance_panels.POINTS, 2), torch.Generator().manual_seed(0), dtype=torch.float64),
    )
    x = sample(ddim, denoise, noise, PATH, PATH.grid(1000, "logsnr"))
    own = PLANE.classes[0].sample(4000, torch.Generator().manual_seed(0), torch.float64)
    assert away == pytest.approx(float((x.mean(0) - own.mean(0)).norm()), abs=0.03)
    assert spread == pytest.approx(float((x - x.mean(0)).norm() / (own - own.mean(0)).norm() * 20**0.5), rel=0.03)


def test_arrows_stay_apart_at_high_scales():
    plot = guidance_panels._Field(PLANE, PATH)
    for scale in (1.5, 10.0):
        list(plot.draw(scale, 50, 0))
        length = np.hypot(plot.arrows.U, plot.arrows.V)
        assert 0 < length.max() <= plot.gap


def test_the_menu_of_negatives_comes_with_one():
    assert "negative" not in guidance_panels.field_panel(PLANE, PATH).controls


def drawing(x, t, condition):
    """A stand-in for a network: label c is an image of constant brightness c / 2 - 0.5, the null 0."""
    level = torch.where(condition == 3, 0.0, condition / 2 - 0.5)
    return level[:, None, None, None].expand(x.shape)


def test_the_playground_draws_what_is_asked_for():
    card = {"classes": ["dark", "grey", "bright"]}
    denoise = Denoiser(drawing, PATH, predicts="x0", classes=3, shape=(1, 4, 4), card=card)
    panel = guidance_panels.digit_panel(denoise, digit=2, scale=1.0, steps=3, sampler="ddim")
    assert panel.alt == "16 samples of bright, scale 1, by DDIM in 3 steps, 3 evaluations each"
    before = pixels(panel)
    panel.controls["digit"].value = 0
    assert pixels(panel).mean() < before.mean() - 50
    panel.controls["negative"].value = 1
    assert "dark, away from grey" in panel.alt and "3 evaluations" in panel.alt
    panel.controls["scale"].value = 2.0
    assert "6 evaluations" in panel.alt and "range" not in panel.alt
    panel.controls["scale"].value, panel.controls["digit"].value = 9.0, 2
    panel.controls["clipped"].value = False
    assert "100.0% of the pixels leave the range" in panel.alt


def test_clouds_hold_the_points_and_number_the_classes():
    figure = cloud_figure(PLANE, {"here": torch.ones(5, 2), "there": torch.zeros(5, 2)})
    left, right = figure.axes
    assert left.get_lines()[0].get_xydata().tolist() == [[1.0, 1.0]] * 5 and right.get_title() == "there"
    assert [text.get_text() for text in left.texts] == ["0", "1", "2"]
