"""The figure of one step back draws the laws that it names."""

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.figures.diffusion.reverse_step import step_figure
from diffusion_lessons.toys.reverse_step import ddpm_reverse_log_prob

PATH = schedules.ddpm_linear()
HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])


def test_step_figure_has_a_plot_a_level_with_both_bells():
    first, last = step_figure(HEAPS, PATH, -0.2, 300.0, [299.0, 50.0]).axes
    assert first.get_title() == "from t = 300 to 299" and last.get_title() == "from t = 300 to 50"
    small, large = last.get_lines()
    x = torch.as_tensor(small.get_xdata())
    for line, variance in ((small, "small"), (large, "large")):
        law = ddpm_reverse_log_prob(HEAPS, PATH, torch.tensor([-0.2]).double(), 300.0, 50.0, x, variance)[:, 0].exp()
        assert torch.allclose(torch.as_tensor(line.get_ydata()), law)
    assert large.get_ydata().max() < small.get_ydata().max()
    shown = small.get_ydata().sum() * float(x[1] - x[0])
    assert shown == pytest.approx(1, abs=0.02), "the bell does not fit into the picture"
