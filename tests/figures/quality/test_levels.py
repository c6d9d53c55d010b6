"""The figure of noise levels: a point with its interval for each level, 0 where nothing was lost."""

import pytest

from diffusion_lessons.benchmark.levels import Level
from diffusion_lessons.figures.quality.levels import by_level
from tests.made import score


def test_each_level_stands_at_its_rise_with_its_interval():
    untouched = {"frechet": score(1.0, 0.0), "variance": score(1.0, 0.0)}
    levels = [Level(at, {"frechet": score(1.0 + at, 0.1), "variance": score(1.1, 0.1)}, untouched) for at in (0.5, 5.0)]
    left, right = by_level(levels).axes
    for plot, rises in ((left, [0.5, 5.0]), (right, [0.1, 0.1])):
        (points,) = plot.containers
        assert points.lines[0].get_xdata().tolist() == [0.5, 5.0]
        assert points.lines[0].get_ydata() == pytest.approx(rises)
        low, high = points.lines[2][0].get_segments()[0][:, 1]
        assert high - low == pytest.approx(2 * 2.0639 * 0.1, rel=1e-3)
        assert plot.get_xscale() == "log" and "same images" in left.get_title()
