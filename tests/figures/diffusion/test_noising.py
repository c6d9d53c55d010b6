"""The figures of noising hold what they say: curves of the paths, walks, images on their way."""

import numpy as np
import pytest
import torch
from PIL import ImageColor

from diffusion_lessons import schedules
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion import noising

LINEAR = schedules.ddpm_linear()


def test_schedule_figure_draws_alpha_bar_and_lambda():
    left, right = noising.schedule_figure([LINEAR, schedules.flow()], mark=0.5).axes
    curve = left.get_lines()[0]
    middle = np.abs(curve.get_xdata() - 0.5).argmin()
    assert curve.get_ydata()[middle] == pytest.approx(LINEAR.alpha_bar(500.0), rel=0.02)
    assert right.get_lines()[0].get_ydata()[middle] == pytest.approx(LINEAR.lam(500.0), rel=0.02)
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["linear", "flow"]


def test_walks_end_as_noise():
    walk = noising.forward_walks(torch.full((4000,), 3.0).double(), LINEAR, torch.Generator().manual_seed(0))
    assert walk.shape == (1001, 4000) and bool((walk[0] == 3).all())
    assert walk[300].mean().item() == pytest.approx(3 * LINEAR.alpha(300.0), abs=0.05)
    assert walk[-1].std().item() == pytest.approx(1, abs=0.05)


def test_observer_figure_has_one_line_a_path_over_time_and_over_lambda():
    paths, shares = [LINEAR, schedules.cosine()], [0.25, 0.5]
    left, right = noising.observer_figure(paths, shares, {"linear": [80, 24], "cosine": [99, 90]}).axes
    assert list(left.get_lines()[1].get_ydata()) == [99, 90]
    assert list(right.get_lines()[0].get_xdata()) == [LINEAR.lam(250.0), LINEAR.lam(500.0)]


def test_a_strip_colours_the_pixels_that_leave_the_range():
    images = torch.tensor([[1.05, 1.2], [-1.05, -1.2]])[None, None]
    picture = noising.image_strip({"x": images}, ["a"], "title", beyond=0.1).axes[0].images[0].get_array()
    vermilion, blue = (ImageColor.getrgb(color) for color in (style.VERMILION, style.BLUE))
    assert picture[:2, :2].tolist() == [[[255] * 3, list(vermilion)], [[0] * 3, list(blue)]]
    assert (picture[2] == 255).all() and (picture[:, 2] == 255).all()
    plain = noising.image_strip({"x": images}, ["a"], "title").axes[0].images[0].get_array()
    assert plain.shape == (3, 3) and plain[0, 1] == pytest.approx(1.2)


def test_a_strip_of_colour_images_is_refused():
    with pytest.raises(ValueError, match="grey images"):
        noising.image_strip({"x": torch.zeros(2, 3, 4, 4)}, ["a", "b"], "title")
