"""The figure of orders: one line for each run, slopes told, equal lines drawn once."""

from itertools import pairwise

from diffusion_lessons.figures.diffusion.convergence import last_steps_figure, order_figure
from diffusion_lessons.toys.convergence import Row


def line(name, sampler, order, scale=1.0):
    return [Row(name, sampler, N, N, scale / N**order) for N in (64, 128, 256)]


def labels(axes):
    """Of the legend, or the names beside the ends of the lines, from the top."""
    legend = axes.get_legend()
    return [text.get_text() for text in (legend.get_texts() if legend else axes.texts)]


def test_slopes_stand_beside_the_lines_and_equal_lines_share_one():
    rows = [
        *line("ddim", "ddim", 1),
        *line("euler", "euler", 1),
        *line("dpm_solver_pp_3m (corrected)", "dpm_solver_pp_3m", 3),
    ]
    (axes,) = order_figure(rows).axes
    assert labels(axes) == ["DDIM = Euler: slope 1.00", "DPM-Solver++(3M) (corrected): slope 3.00"]
    assert axes.get_xscale() == axes.get_yscale() == "log" and axes.get_title() and axes.get_xlabel()


def test_names_stand_in_the_order_of_the_ends_and_do_not_overlap():
    rows = [row for k, name in enumerate(("heun", "dpm_solver_2", "rk4")) for row in line(name, name, 2, 1 - 0.01 * k)]
    (axes,) = order_figure([*rows, *line("ddim", "ddim", 1)]).axes
    assert [text.partition(":")[0] for text in labels(axes)] == ["DDIM", "Heun", "DPM-Solver-2", "RK4"]
    heights = [text.xyann[1] for text in axes.texts]  # in heights of the axes, of which a line of words takes 0.03
    assert all(above - below > 0.05 for above, below in pairwise(heights)), heights
    assert axes.texts[0].xy == (256, 1 / 256) and axes.texts[-1].xy == (256, 0.98 / 256**2)


def test_the_names_of_many_lines_stay_beside_the_axes():
    rows = [row for k in range(20) for row in line(f"ddim run {k}", "ddim", 3, 1 + k / 100)]
    (axes,) = order_figure([*rows, *line("euler", "euler", 1)]).axes
    heights = [text.xyann[1] for text in axes.texts]
    assert len(heights) == 21 and heights == sorted(heights, reverse=True)
    assert min(heights) >= 0 and max(heights) < 1.06
    assert all(above - below > 0.04 for above, below in pairwise(heights))


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
