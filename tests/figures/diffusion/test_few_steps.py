"""The figures of few steps draw what their titles say."""

import pytest
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.figures.diffusion.few_steps import JUMPS, methods_figure, trajectories_figure
from diffusion_lessons.toys.flow_map import flow_map
from diffusion_lessons.toys.one_dimension import gaussian_quantiles

HEAPS = toys.GaussianMixture([-1.2, 1.2], stds=[0.25, 0.35], weights=[0.4, 0.6])


def test_the_trajectories_their_euler_steps_and_their_jumps_end_where_they_should():
    first, straight, jumps = trajectories_figure(HEAPS, count=5).axes
    ends = flow_map(HEAPS, schedules.flow(), gaussian_quantiles(5), 1.0)
    curves, steps = first.get_lines()[:5], first.get_lines()[5:10]
    assert [line.get_ydata()[-1] for line in curves] == pytest.approx(ends.tolist())
    assert [line.get_ydata()[-1] for line in steps] == pytest.approx([float(HEAPS.weights @ HEAPS.means[:, 0])] * 5)
    assert [line.get_ydata()[-1] for line in straight.get_lines()[:5]] == pytest.approx(ends.tolist())
    arrows = [each for each in jumps.texts if each.arrow_patch is not None]
    ends_of = [ends[1]] * len(JUMPS) + [ends[4]] * len(JUMPS)
    assert [arrow.xy[1] for arrow in arrows] == pytest.approx([float(end) for end in ends_of], abs=1e-6)


def test_methods_are_rows_and_steps_are_columns():
    images = torch.rand(4, 1, 8, 8)
    figure = methods_figure({"reflow": {1: images, 4: images}, "consistency": {2: images}}, columns=2)
    plots = figure.axes
    assert [plot.get_title() for plot in plots[:3]] == ["1 step", "2 steps", "4 steps"]
    assert [len(plot.get_images()) for plot in plots] == [1, 0, 1, 0, 1, 0]
    assert plots[0].get_ylabel() == "reflow" and plots[3].get_ylabel() == "consistency"
    with pytest.raises(ValueError, match="no images"):
        methods_figure({})
