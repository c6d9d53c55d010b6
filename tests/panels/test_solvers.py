"""The panel of solvers races two of them on one exact problem."""

from diffusion_lessons import schedules
from diffusion_lessons.panels.solvers import order_panel
from diffusion_lessons.toys.convergence import errors, solvers


def test_the_panel_races_two_solvers():
    panel = order_panel(schedules.ddpm_linear(), first="ddim", second="euler", grid="trailing")
    before = panel.image.value
    assert "trailing grid, at most 24 evaluations: DDIM is off by" in panel.alt and "Euler is off by" in panel.alt
    panel.controls["second"].value = "heun"
    (row,) = errors(
        {"heun": solvers()["heun"]}, path=schedules.ddpm_linear(), steps=[12], spacing="trailing", t_min=1.0, points=16
    )
    assert f"Heun is off by {row.error:.3g}" in panel.alt and panel.image.value != before
    panel.controls["end"].value = None
    assert f"Heun is off by {row.error:.3g}" not in panel.alt
