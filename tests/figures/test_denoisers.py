"""The figures and the panel of few-step students show what their words say."""

import pytest

from diffusion_lessons import schedules, toys
from diffusion_lessons.figures.denoisers import STROKES, jumps_figure
from diffusion_lessons.panels.few_steps import METHODS, few_steps_panel
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


def moved(panel) -> float:
    return float(panel.alt.rpartition(" ")[2])


def test_the_panel_measures_exact_and_blurred_students():
    panel = few_steps_panel(HEAPS)
    assert panel.alt.startswith("consistency, 1 evaluation, blur 0.1")
    blurred = moved(panel)
    panel.controls["blur"].value = 0.0
    assert moved(panel) < 0.003 < blurred
    found = {}
    for method in METHODS:
        panel.controls["method"].value = method.name
        found[method.name] = moved(panel)
    teacher, reflow, progressive, consistency = found.values()
    assert teacher == pytest.approx(0.84, abs=0.01) and reflow < 0.003 and consistency < 0.003
    panel.controls["method"].value, panel.controls["steps"].value = METHODS[0].name, 8
    assert moved(panel) == pytest.approx(progressive, abs=1e-6)
