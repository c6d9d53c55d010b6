"""The panel of paths: Euler there is DDIM on the straight path only, and more steps come closer."""

from diffusion_lessons import schedules, toys
from diffusion_lessons.panels.diffusion.flow import flow_panel

HEAPS = toys.GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], stds=0.3)


def off(panel) -> float:
    return float(panel.alt.split("off by ")[1])


def test_schedule_solver_and_steps_change_what_is_said():
    panel = flow_panel(HEAPS, [schedules.flow(), schedules.ddpm_linear()])
    assert panel.alt.startswith("flow path, Euler, 4 steps, 4 evaluations")
    straight, picture = off(panel), panel.image.value
    panel.controls["sampler"].value = "ddim"
    assert off(panel) == straight and panel.image.value != picture  # the same ends in another colour
    panel.controls["schedule"].value = "linear"
    linear = off(panel)
    assert linear > straight
    panel.controls["sampler"].value = "euler"
    assert off(panel) != linear
    panel.controls["steps"].value = 30
    assert off(panel) < linear / 2
    panel.controls["sampler"].value = "heun"
    assert "59 evaluations" in panel.alt
