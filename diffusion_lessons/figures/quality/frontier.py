"""Figures of measured tables: the frontier, the distance beyond the floor, and what guidance trades.

Tables are made by `joined(rows)`. Where the rows are of several networks, each network has a colour, and its name
stands before those of its samplers, which keep their markers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter

from diffusion_lessons.benchmark.frontier import on_frontier
from diffusion_lessons.benchmark.rows import Measurement, frame
from diffusion_lessons.benchmark.students import method_of
from diffusion_lessons.figures import style
from diffusion_lessons.metrics.scores import METRICS
from diffusion_lessons.sampling import Settings

AXES = {
    "nfe": "network evaluations for each sample",
    "seconds_per_image": "seconds for each image (median)",
    "parameters": "parameters of the network",
    "peak_memory_mb": "peak memory in MB",
}
SIZE, BEATEN = 7.0, 3.5  # points across a marker; what is beaten is drawn small, in a colour that can still be seen
WITH_LEGEND = (8.6, 4.4)  # inches, of which the legend at the right takes a third


def joined(rows: Sequence[Measurement]) -> pd.DataFrame:
    """Comparable rows as one table, with all that figures need beside the columns of `frame`.

    who        the network's method, only if there is more than one
    label      the sampler as a legend writes it, after the network where there are several
    """
    table, who = frame(rows), [method_of(row.checkpoint) for row in rows]
    if len(set(who)) == 1:
        return table.assign(label=[label(row.settings) for row in rows])
    names = [f"{method}: {label(row.settings)}" for method, row in zip(who, rows, strict=True)]
    return table.assign(who=who, label=names)


def frontier(table: pd.DataFrame, x: str = "nfe", quality: str = "frechet", title: str | None = None) -> Figure:
    """Every row as a point with its error; what is beaten beyond the difference's error is small, the floor is a band.

    The line joins the rows that are not beaten by the values alone, with their steps beneath them; between them and the
    other large points the difference does not decide.
    """
    y = f"{quality}_value"
    kept, best = on_frontier(table, [x, y]), on_frontier(table, [x, y], z=0)
    where = "" if table.empty or pd.isna(table["features"].iloc[0]) else f" ({table['features'].iloc[0]})"
    measured = f"{METRICS[quality].title}{where}"
    figure, plot = style.axes(
        title or f"{(~kept).sum()} of {len(table)} ways to sample are beaten", AXES[x], measured, size=WITH_LEGEND
    )
    samplers: dict[str, Line2D] = {}  # for the legend, in which every marker is large
    for row, fair in zip(table.to_dict("records"), kept, strict=True):
        look = look_of(row, table, linestyle="none", label=row["label"], markersize=SIZE if fair else BEATEN)
        samplers.setdefault(row["label"], Line2D([], [], **look | {"markersize": SIZE}))
        width = None if x != "seconds_per_image" else [[row[x] - row["seconds_q1"]], [row["seconds_q3"] - row[x]]]
        thin: dict[str, Any] = {} if fair else {"elinewidth": 0.8}
        plot.errorbar(row[x], row[y], yerr=row[f"{quality}_spread"], xerr=width, **look, **thin)
    line = table[best].sort_values(x)
    plot.plot(line[x], line[y], color=style.GREY, lw=1, zorder=0)
    floors = draw_floor(plot, table, quality)
    plot.set(xscale="log", yscale="log" if (table[y] > 0).all() else "linear")
    left, right = plot.get_xlim()
    plot.set_xlim(left * (left / right) ** 0.08, right)  # room for the first point's label
    plain_numbers(plot)
    style.legend_outside(plot, [*floors, *samplers.values()])
    _name_points(plot, line, x, y)  # last: what else is drawn decides how wide the axes are
    return figure


def _name_points(plot: Axes, line: pd.DataFrame, x: str, y: str) -> None:
    """Steps to the left below the points of a falling line, where nothing lies: what did would not be beaten.

    Where points are so close that two labels would cover each other, the later one stands lower.
    """
    plot.figure.draw_without_rendering()  # type: ignore[union-attr]  # only then is it known where labels lie
    taken: list[Any] = []
    for row in line.drop_duplicates([x, "steps"]).to_dict("records"):  # two samplers may do the same
        steps = style.count(row["steps"], "step")
        beneath: dict[str, Any] = {"textcoords": "offset points", "ha": "right", "va": "top", "fontsize": 9}
        label = plot.annotate(steps, (row[x], row[y]), (-6, -5), **beneath)
        while any(label.get_window_extent().overlaps(other) for other in taken):
            label.set_position((-6, label.get_position()[1] - 9))
        taken.append(label.get_window_extent())


def above_floor(table: pd.DataFrame, quality: str = "frechet", title: str | None = None) -> Figure:
    """Distance beyond the floor against evaluations, a line for each sampler: where a flat curve hides the differences.

    Each point stands at its measured value, with bars of two standard errors: where they reach zero, the sampler cannot
    be told from real images. The axis is linear up to the median of those bars, and logarithmic above.
    """
    y = f"{METRICS[quality].title} beyond the floor"
    title = title or "Where a bar reaches zero, samples cannot be told from real images"
    figure, plot = style.axes(title, AXES["nfe"], y, size=WITH_LEGEND)
    bars = 2 * np.hypot(table[f"{quality}_spread"], table[f"{quality}_floor_spread"])
    beyond = table[f"{quality}_value"] - table[f"{quality}_floor"]
    for name, group in table.groupby("label", sort=False):
        rows = group.sort_values("nfe")
        look = look_of(rows.iloc[0].to_dict(), table, label=name, capsize=2, elinewidth=0.8, linewidth=1.2)
        plot.errorbar(rows["nfe"], beyond[rows.index], yerr=bars[rows.index], **look)
    plot.axhline(0, color=style.BLACK, lw=1)
    plot.set_xscale("log")
    linear = float(np.median(bars))
    plot.set_yscale("symlog", linthresh=linear)
    plot.set_ylim(1.2 * min(float((beyond - bars).min()), 0) - 0.3 * linear, 2 * max(linear, beyond.max()))
    plain_numbers(plot)
    style.legend_outside(plot)
    return figure


def over_scale(table: pd.DataFrame, title: str | None = None) -> Figure:
    """Adherence against diversity as the guidance scale grows, a point for each scale."""
    rows = table.sort_values("scale")
    name = "Guidance buys adherence with diversity"
    figure, plot = style.axes(
        title or name, "diversity relative to real images", "adherence: share classified as asked"
    )
    plot.errorbar(
        rows["diversity_value"],
        rows["adherence_value"],
        xerr=rows["diversity_spread"],
        yerr=rows["adherence_spread"],
        **style.line(rows["sampler"].iloc[0]),
    )
    halo = [withStroke(linewidth=3, foreground="white")]
    for number, row in enumerate(rows.to_dict("records")):  # above and below in turn: neighbours may be close
        side: dict[str, Any] = {"xytext": (0, -7), "va": "top"} if number % 2 else {"xytext": (0, 7), "va": "bottom"}
        place = row["diversity_value"], row["adherence_value"]
        scale = f"s = {row['scale']:g}"
        plot.annotate(scale, place, textcoords="offset points", ha="center", fontsize=9, path_effects=halo, **side)
    plot.margins(y=0.12)
    plot.axhline(rows["adherence_floor"].iloc[0], color=style.BLACK, lw=0.8, ls=":", label="real images")
    plot.axvline(rows["diversity_floor"].iloc[0], color=style.BLACK, lw=0.8, ls=":")
    plot.legend(fontsize=9)
    return figure


def draw_floor(plot: Axes, table: pd.DataFrame, quality: str) -> list[Line2D]:
    """What real images score at these sample counts: a line with a band of two standard errors for each count."""
    lines = []
    for count, rows in table.groupby("samples"):
        floor, spread = rows[f"{quality}_floor"].iloc[0], rows[f"{quality}_floor_spread"].iloc[0]
        lines.append(plot.axhline(floor, color=style.BLACK, lw=1, ls=":", label=f"real images, n = {count}"))
        plot.axhspan(floor - 2 * spread, floor + 2 * spread, color=style.BLACK, alpha=0.06, lw=0)
    return lines


def plain_numbers(plot: Axes, which: str = "xy") -> None:
    """20 and 0.5 at the ticks of logarithmic axes, not 2 x 10^1 and 5 x 10^-1."""
    for axis in (getattr(plot, f"{name}axis") for name in which):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else ""))


def label(settings: Settings) -> str:
    """A sampler with its options as a legend writes it: "DDIM, eta = 1", "DDPM, large variance"."""
    return ", ".join([style.label(settings.sampler), *(_words(*option) for option in settings.options.items())])


def _words(name: str, value: Any) -> str:
    if name == "variance":
        return f"{value} variance"
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} = {value:g}" if isinstance(value, int | float) else f"{name} = {value}"


def look_of(row: Mapping, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """A sampler's own look; where the table holds several networks, in the network's colour."""
    if "who" in row:
        more["color"] = style.NETWORKS[list(table["who"].unique()).index(row["who"]) % len(style.NETWORKS)]
    settings = row["settings"]
    return style.line(settings.sampler, stochastic=settings.adds_noise, **more)
