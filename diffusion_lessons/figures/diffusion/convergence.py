"""Error against evaluations, log-log: the order of a sampler is the slope of its line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from diffusion_lessons.figures import style
from diffusion_lessons.toys.convergence import Row, slopes


def order_figure(rows: Sequence[Row], last_steps: Sequence[Row] = (), *, at_least: int = 128) -> Figure:
    """One line for each run in `rows`, its slope from `at_least` so many steps on beside its end.

    With `last_steps`, rows of runs that differ in how they end, a second plot of error against steps stands beside it.
    """
    if not last_steps:
        figure, axes = style.axes("", "", "", size=(8.6, 5.4))
        _draw_orders(axes, rows, at_least)
        return figure
    figure = Figure(figsize=(15, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    _draw_orders(left, rows, at_least)
    _draw_last_steps(right, last_steps)
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def last_steps_figure(rows: Sequence[Row]) -> Figure:
    """The second plot of `order_figure` alone."""
    figure, axes = style.axes("", "", "", size=(7.2, 3.8))
    _draw_last_steps(axes, rows)
    return figure


def _lines(rows: Sequence[Row]) -> dict[str, list[Row]]:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(row.name, []).append(row)
    return lines


def _label(row: Row) -> str:
    return style.label(row.sampler) + row.name.removeprefix(row.sampler).replace("_", " ")


def _drawn_once(lines: dict[str, list[Row]]) -> dict[str, str]:
    """The names of the lines to draw with their labels: samplers that give the same points share one line."""
    labels: dict[str, str] = {}
    first: dict[tuple, str] = {}
    for name, line in lines.items():
        same = first.setdefault(tuple((r.nfe, f"{r.error:.4g}") for r in line), name)
        labels[same] = f"{labels[same]} = {_label(line[0])}" if same in labels else _label(line[0])
    return labels


def _draw_orders(axes: Axes, rows: Sequence[Row], at_least: int) -> None:
    fitted, lines = slopes(rows, at_least), _lines(rows)
    for name, label in sorted(_drawn_once(lines).items(), key=lambda item: fitted.get(item[0], 0)):
        line = lines[name]
        text = f"{label}: slope {fitted[name]:.2f}" if name in fitted else label
        look: dict[str, Any] = {
            "linestyle": "--" if name != line[0].sampler else "-",
            "markersize": 5,
            "linewidth": 1.4,
        }
        axes.plot(
            [r.nfe for r in line], [r.error for r in line], **style.line(line[0].sampler, **look) | {"label": text}
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="network evaluations (NFE)",
        ylabel="RMS distance to the exact solution of a mixture of Gaussians",
        title="The slope of a line is the order of its sampler",
    )
    _name_lines(axes)


def _name_lines(axes: Axes) -> None:
    """The name of each line at the right of the axes, at the height of its end: it can be told without its colour.

    Names that would overlap move apart, and a thin grey line leads from each to its end.
    """
    ends = [(line, np.asarray(line.get_xydata(), dtype=float)[-1]) for line in axes.get_lines()]
    ends.sort(key=lambda end: end[1][1], reverse=True)
    heights = [float(axes.transAxes.inverted().transform(axes.transData.transform(end))[1]) for _, end in ends]
    gap = min(0.055, 1.05 / len(heights))  # of the axes' height
    for below in range(1, len(heights)):  # from the top: no name within a gap of the one above it
        heights[below] = min(heights[below], heights[below - 1] - gap)
    heights[-1] = max(heights[-1], 0.0)
    for above in reversed(range(len(heights) - 1)):  # and none beneath the axes
        heights[above] = max(heights[above], heights[above + 1] + gap)
    for (line, end), height in zip(ends, heights, strict=True):
        axes.annotate(
            str(line.get_label()),
            xy=tuple(end),
            xytext=(1.04, height),
            textcoords="axes fraction",
            verticalalignment="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": style.GREY, "linewidth": 0.6, "shrinkB": 4, "relpos": (0, 0.5)},
        )


def _draw_last_steps(axes: Axes, rows: Sequence[Row]) -> None:
    for name, line in _lines(rows).items():
        look: dict[str, Any] = {"linestyle": "-" if name == line[0].sampler else ":", "markersize": 5}
        axes.plot(
            [r.steps for r in line],
            [r.error for r in line],
            **style.line(line[0].sampler, **look) | {"label": _label(line[0])},
        )
    axes.set(
        yscale="log",
        xlabel="steps to the data (sigma = 0)",
        ylabel="RMS distance to the exact solution",
        title="A rule that counts steps puts a kink into the curve",
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=9, frameon=False)
