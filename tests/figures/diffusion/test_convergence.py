"""The figure of orders: one line for each run, slopes told, equal lines drawn once."""

from diffusion_lessons.figures.diffusion.convergence import last_steps_figure, order_figure
from diffusion_lessons.toys.convergence import Row


def line(name, sampler, order, scale=1.0):
    return [Row(name, sampler, N, N, scale / N**order) for N in (64, 128, 256)]


def labels(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_slopes_stand_in_the_legend_and_equal_lines_share_one():
    rows = [
        *line("ddim", "ddim", 1),
        *line("euler", "euler", 1),
        *line("dpm_solver_pp_3m (corrected)", "dpm_solver_pp_3m", 3),
    ]
    (axes,) = order_figure(rows).axes
    assert labels(axes) == ["DDIM = Euler: slope 1.00", "DPM-Solver++(3M) (corrected): slope 3.00"]
    assert axes.get_xscale() == axes.get_yscale() == "log" and axes.get_title() and axes.get_xlabel()


def test_last_steps_stand_beside():
    rows = line("ddim", "ddim", 1)
    ends = [*line("dpm_solver_pp_3m", "dpm_solver_pp_3m", 2), *line("dpm_solver_pp_3m by rule", "dpm_solver_pp_3m", 1)]
    _, right = order_figure(rows, ends).axes
    assert labels(right) == ["DPM-Solver++(3M)", "DPM-Solver++(3M) by rule"]


def test_the_slope_is_that_of_the_steps_asked_for():
    rows = [Row("ddim", "ddim", N, N, 1 / N ** (1 if N < 100 else 3)) for N in (32, 64, 256, 512)]
    assert labels(order_figure(rows, at_least=256).axes[0]) == ["DDIM: slope 3.00"]


def test_last_steps_alone():
    (axes,) = last_steps_figure(line("dpm_solver_pp_3m", "dpm_solver_pp_3m", 2)).axes
    assert labels(axes) == ["DPM-Solver++(3M)"] and axes.get_yscale() == "log"
