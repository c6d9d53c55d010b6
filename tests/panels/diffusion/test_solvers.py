"""The panel of solvers races two of them on one exact problem."""

from diffusion_lessons import schedules
from diffusion_lessons.panels.diffusion.solvers import order_panel
from diffusion_lessons.toys.convergence import errors, solvers

PATH = schedules.ddpm_linear()


def test_the_panel_races_two_solvers():
    panel = order_panel(PATH, first="ddim", second="euler", grid="trailing")
    before = panel.image.value
    assert "trailing grid, at most 24 evaluations: DDIM is off by" in panel.alt and "Euler is off by" in panel.alt
    panel.controls["second"].value = "heun"
    (row,) = errors({"heun": solvers()["heun"]}, path=PATH, steps=[12], spacing="trailing", t_min=1.0, points=16)
    assert f"Heun is off by {row.error:.3g}" in panel.alt and panel.image.value != before
    panel.controls["budget"].value = 48
    assert "at most 48 evaluations" in panel.alt and f"Heun is off by {row.error:.3g}" not in panel.alt
    panel.controls["budget"].value = 24
    panel.controls["end"].value = None
    assert f"Heun is off by {row.error:.3g}" not in panel.alt


def test_the_nearest_of_all_is_nearest():
    """At 12 evaluations RK4 takes 3 steps, Heun 6 and DDIM 12, and the words name whichever is nearest."""
    panel = order_panel(PATH, grid="quadratic", budget=12)
    found = {}
    for name, run in solvers().items():
        rows = errors({name: run}, path=PATH, steps=[3, 6, 12], spacing="quadratic", t_min=PATH.t_min, points=16)
        found[name] = [row for row in rows if row.nfe <= 12][-1:]
    least = min(row.error for rows in found.values() for row in rows)
    assert f"nearest of all {len(found)} is" in panel.alt and panel.alt.endswith(f" with {least:.3g}")
