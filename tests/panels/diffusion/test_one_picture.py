"""The panel of the knob: many steps make every setting alike, few make noise dear, and a flaw makes it worth having."""

from diffusion_lessons import schedules, toys
from diffusion_lessons.panels.diffusion.one_picture import noise_panel

CLUSTERS = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])


def off(panel) -> float:
    return float(panel.alt.split("the data is ")[1].split()[0])


def test_noise_steps_and_flaw_change_what_is_said():
    panel = noise_panel(CLUSTERS, schedules.cosine(), noise=0.0)
    assert panel.alt.startswith("exponential SDE, k = 0, 20 steps, flaw 0: ") and "exact samples" not in panel.alt
    ode, picture = off(panel), panel.image.value
    panel.controls["noise"].value = 2.0
    assert off(panel) > 1.5 * ode and panel.image.value != picture and "as many exact samples score" in panel.alt
    panel.controls["steps"].value = 200
    assert off(panel) < ode
    panel.controls["noise"].value = 0.0
    panel.controls["flaw"].value = 0.3
    flawed = off(panel)
    panel.controls["noise"].value = 1.0
    assert off(panel) < 0.8 * flawed


def test_much_noise_in_few_steps_of_euler_and_maruyama_runs_away():
    panel = noise_panel(CLUSTERS, schedules.flow(), noise=4.0, steps=8)
    tame = off(panel)
    panel.controls["step"].value = "euler_maruyama"
    assert panel.alt.startswith("Euler-Maruyama, k = 4, 8 steps") and off(panel) > 100 * tame
