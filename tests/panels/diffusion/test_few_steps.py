"""The panel of few-step students measures what its words say."""

import pytest

from diffusion_lessons import toys
from diffusion_lessons.panels.diffusion.few_steps import METHODS, few_steps_panel

HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.25, weights=[0.3, 0.7])


def moved(panel) -> float:
    return float(panel.alt.split("the data is ")[1].split()[0])


def test_the_panel_measures_exact_and_blurred_students():
    panel = few_steps_panel(HEAPS)
    assert panel.alt.startswith("consistency, 1 evaluation, blur 0.1")
    blurred = moved(panel)
    panel.controls["blur"].value = 0.0
    assert moved(panel) < 0.003 < blurred
    off = {}
    for method in METHODS:
        panel.controls["method"].value = method.name
        off[method.name] = moved(panel)
    teacher, reflow, progressive, consistency = off.values()
    assert teacher == pytest.approx(0.84, abs=0.01) and reflow < 0.003 and consistency < 0.003
    panel.controls["method"].value, panel.controls["steps"].value = METHODS[0].name, 8
    assert moved(panel) == pytest.approx(progressive, abs=1e-6)


def test_an_exact_student_in_several_evaluations_is_as_good_as_exact_samples():
    panel = few_steps_panel(HEAPS, steps=8)
    panel.controls["blur"].value = 0.0
    low, high = map(float, panel.alt.rpartition("score ")[2].rstrip(")").split(" to "))
    assert moved(panel) < 1.5 * high and low < high
    panel.controls["steps"].value = 1
    assert "score" not in panel.alt  # one evaluation draws no noise
