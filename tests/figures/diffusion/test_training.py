"""Figures of training show the numbers that they are given, and the best answer is exact."""

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.figures.diffusion import training as learning
from diffusion_lessons.toys.bayes_loss import bayes_loss

PATH = schedules.ddpm_linear()
HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def test_examples_lie_where_add_noise_puts_them_and_the_curve_is_the_exact_answer():
    first, second = learning.answers_figure(HEAPS, PATH, [20.0, 600.0]).axes
    dots, curve = second.get_lines()
    x, eps = (torch.as_tensor(values) for values in dots.get_data())
    x0 = (x - PATH.sigma(600.0) * eps) / PATH.alpha(600.0)
    assert bool(((x0.abs() - 1).abs() < 1).all()) and x0.mean() == pytest.approx(0.4, abs=0.1)
    at = torch.as_tensor(curve.get_xdata())
    assert torch.allclose(torch.as_tensor(curve.get_ydata()), HEAPS.estimate(at, PATH, 600.0).eps)
    assert f"{bayes_loss(HEAPS, PATH, 20.0):.2f}" in first.get_title()


def test_training_figure_draws_its_floor():
    left, right = learning.training_figure([1.0, 0.5], [1.0, 2.0], [0.2, 0.4], [0.3, 0.5]).axes
    assert left.get_lines()[1].get_ydata()[0] == pytest.approx(0.3)
    assert list(right.get_lines()[1].get_ydata()) == [0.3, 0.5]


def test_curves_have_their_names():
    (axes,) = learning.curves_figure("title", "x", "y", [1, 2], {"a": [1, 2], "b": [3, 4]}).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    with pytest.raises(ValueError, match="curves must be 1 to 4 values; there are 5"):
        learning.curves_figure("title", "x", "y", [1], {name: [1] for name in "abcde"})
