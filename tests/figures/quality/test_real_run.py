"""Figures of a real run show what they were given."""

import torch

from diffusion_lessons.figures.quality.real_run import (
    by_class,
    class_grid,
    guided_figure,
    history_figure,
    relative_figure,
)


def test_a_history_has_its_curves_and_a_row_of_pictures_a_moment():
    figure = history_figure({"run": [[512, 0.2], [1024, 0.1]]}, [512, 1024], torch.zeros(2, 3, 3, 4, 4))
    left, right = figure.axes
    assert left.get_lines()[0].get_ydata().tolist() == [0.2, 0.1]
    assert [label.get_text() for label in right.get_yticklabels()] == ["512", "1,024"]
    assert right.get_images()[0].get_array().shape == (2 * 5 + 1, 3 * 5 + 1, 3)


def test_ratios_are_to_the_units_last_point():
    curves = {"DDIM": {10: 13.36, 50: 4.0}, "DDPM": {10: 40.0, 50: 8.0}}
    figure = relative_figure({"published": curves, "ours": {"DDIM": {10: 3.0, 50: 1.5}}}, "DDIM")
    left, right = figure.axes
    assert left.get_lines()[0].get_ydata().tolist() == [13.36 / 4.0, 1.0]
    assert left.get_lines()[1].get_ydata().tolist() == [10.0, 2.0]
    assert right.get_lines()[0].get_ydata().tolist() == [2.0, 1.0]


def test_guidance_is_drawn_relative_to_scale_one_and_without_zero():
    figure = guided_figure({"A": {0.0: (9.0, 0.1), 1.0: (4.0, 0.6), 2.0: (1.0, 0.9)}}, {"A": 0.86})
    left, right = figure.axes
    assert left.get_lines()[0].get_xdata().tolist() == [1.0, 2.0]
    assert left.get_lines()[0].get_ydata().tolist() == [1.0, 0.25]
    assert right.get_lines()[0].get_ydata().tolist() == [0.6, 0.9] and right.get_lines()[1].get_ydata()[0] == 0.86


def test_classes_have_rows():
    images = torch.arange(6.0)[:, None, None, None].expand(6, 3, 4, 4) / 10
    rows = by_class(images, 3)
    assert (10 * rows[:, 0, 0, 0]).round().int().tolist() == [0, 3, 1, 4, 2, 5]
    figure = class_grid({"left": rows, "right": rows[::2]}, ["a", "b", "c"])
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["a", "b", "c"]
    assert (left.get_title(), right.get_title(), list(right.get_yticks())) == ("left", "right", [])
    assert left.get_images()[0].get_array().shape == (3 * 5 + 1, 2 * 5 + 1, 3)
    assert right.get_images()[0].get_array().shape == (3 * 5 + 1, 5 + 1, 3)
