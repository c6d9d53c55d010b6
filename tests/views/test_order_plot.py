"""The figure of orders: one line for each run, slopes told, equal lines drawn once."""

from diffusion_lessons.evaluation.orders import Row
from diffusion_lessons.views.order_plot import order_figure


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
