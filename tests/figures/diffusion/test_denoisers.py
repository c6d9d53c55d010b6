"""What each denoiser sees in a number is drawn as it answers."""

import pytest

from diffusion_lessons import schedules, toys
from diffusion_lessons.figures.diffusion.denoisers import STROKES, jumps_figure
from diffusion_lessons.toys.flow_map import ConsistencyFunction

HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.25, weights=[0.3, 0.7])
FLOW = schedules.flow()


def test_at_pure_noise_the_denoiser_is_flat_and_the_consistency_function_is_not():
    looks = {"end": ConsistencyFunction(HEAPS, FLOW), "mean": HEAPS.denoiser(FLOW)}
    first, last = jumps_figure(HEAPS, FLOW, looks, (1.0, 0.2), title="Mean and end").axes
    end, mean = (line.get_ydata() for line in first.get_lines())
    assert mean == pytest.approx([0.4] * len(mean)) and end[0] < -1 and end[-1] > 1
    assert first.get_xlabel() == "x at t = 1" and last.get_xlabel() == "x at t = 0.2"
    with pytest.raises(ValueError, match="at most 4 denoisers"):
        jumps_figure(HEAPS, FLOW, {str(n): looks["end"] for n in range(len(STROKES) + 1)}, (1.0,), title="Too many")
