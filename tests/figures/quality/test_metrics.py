"""Figures of measures: what they draw, and a model that forgets."""

import torch

from diffusion_lessons.figures.quality.metrics import cloud_figure, floor_figure, without_class
from diffusion_lessons.metrics.errors import measured
from diffusion_lessons.metrics.features import reference


def test_a_panel_for_each_measure_and_a_tick_for_each_count():
    means = {250: measured(1.0, 0.2), 1000: measured(0.3, 0.1)}
    figure = floor_figure({"one": means, "other": means}, "title")
    assert [axes.get_ylabel() for axes in figure.axes] == ["one", "other"]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["250", "1000"]


def test_clouds_bear_their_names():
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    figure = cloud_figure(points, {"a": points, "b": points + 1})
    assert [axes.get_title() for axes in figure.axes] == ["a", "b"]


def test_what_is_forgotten_is_of_one_class():
    real = reference("digits", "test")
    threes = int((real.labels == 3).sum())
    kept = without_class(real, 3, 0.5, torch.Generator().manual_seed(0))
    assert len(kept) == len(real.labels) - round(0.5 * threes)
    assert len(without_class(real, 3, 0.0, torch.Generator())) == len(real.labels)
