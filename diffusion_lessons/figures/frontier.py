"""Figures of measured tables: the frontier, the samples along it, and what guidance trades.

Tables are those of `evaluation.stored.frame(name)`, or `pandas.DataFrame(row.row() for row in sweep(...))`. One with a
column `who` holds the rows of several networks: each has a colour and its name before its samplers', whose markers are
their own (`joined` makes one).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from torch import Tensor

from diffusion_lessons.benchmark.frontier import on_frontier
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.students import method_of
from diffusion_lessons.figures import style
from diffusion_lessons.figures.images import image_grid
from diffusion_lessons.metrics.scores import METRICS

AXES = {
    "nfe": "network evaluations for each sample",
    "seconds_per_image": "seconds for each image (median)",
    "parameters": "parameters of the network",
    "peak_memory_mb": "peak memory in MB",
}
FADED = 0.3


def joined(rows: Sequence[Measurement]) -> pd.DataFrame:
    """Comparable rows as one table, with a column `who` if they are of more than one network."""
    table = pd.DataFrame([row.row() for row in rows])
    who = [method_of(name) for name in table["checkpoint"]]
    return table.assign(who=who) if len(set(who)) > 1 else table


def frontier(table: pd.DataFrame, x: str = "nfe", quality: str = "frechet", title: str | None = None) -> Figure:
    """Every row as a point with error bars; rows beaten beyond their spread are faded, the floor is a band.

    The line joins, and labels name, the rows that are not beaten by the values alone; between them and the other rows
    in full colour the spread does not decide.
    """
    y = f"{quality}_value"
    kept, best = on_frontier(table, [x, y]), on_frontier(table, [x, y], z=0)
    where = "" if table.empty or pd.isna(table["features"].iloc[0]) else f" ({table['features'].iloc[0]})"
    measured = f"{METRICS[quality].title}{where}"
    figure, plot = style.axes(title or f"{(~kept).sum()} of {len(table)} ways to sample are beaten", AXES[x], measured)
    named: set[str] = set()
    for row, fair, named_here in zip(table.to_dict("records"), kept, best, strict=True):
        name = label(row)
        look = _look(row, table, linestyle="none")
        look["label"] = None if name in named else name
        named.add(name)
        width = None if x != "seconds_per_image" else [[row[x] - row["seconds_q1"]], [row["seconds_q3"] - row[x]]]
        plot.errorbar(row[x], row[y], yerr=row[f"{quality}_spread"], xerr=width, alpha=1 if fair else FADED, **look)
        if named_here:
            text = f"{name}@{row['steps']}"
            plot.annotate(text, (row[x], row[y]), xytext=(5, 5), textcoords="offset points", fontsize=7)
    line = table[best].sort_values(x)
    plot.plot(line[x], line[y], color=style.GREY, lw=1, zorder=0)
    draw_floor(plot, table, quality)
    plot.set(xscale="log", yscale="log" if (table[y] > 0).all() else "linear")
    plain_numbers(plot)
    plot.legend(fontsize=7)
    return figure


def above_floor(table: pd.DataFrame, quality: str = "frechet", title: str | None = None) -> Figure:
    """Distance beyond the floor against evaluations, a line for each sampler: where a flat curve hides the differences.

    A point within two standard errors of the floor is drawn hollow, at those two errors: nearer than can be told.
    """
    y = f"{METRICS[quality].title} beyond the floor"
    figure, plot = style.axes(title or "Past the bend, samplers cannot be told apart", AXES["nfe"], y)
    for _, group in table.assign(line=[label(row) for row in table.to_dict("records")]).groupby("line", sort=False):
        rows = group.sort_values("nfe")
        beyond = (rows[f"{quality}_value"] - rows[f"{quality}_floor"]).to_numpy()
        error = np.hypot(rows[f"{quality}_spread"], rows[f"{quality}_floor_spread"]).to_numpy()
        seen, nfe = beyond > 2 * error, rows["nfe"].to_numpy()
        first = rows.iloc[0].to_dict()
        look = _look(first, table, label=label(first))
        shown = np.where(seen, beyond, 2 * error)
        plot.plot(nfe, shown, **{**look, "marker": ""})
        look = {**look, "linestyle": "none", "label": None}
        plot.errorbar(nfe[seen], beyond[seen], yerr=error[seen], **look)
        plot.plot(nfe[~seen], shown[~seen], **{**look, "markerfacecolor": "white", "alpha": 0.6})
    plot.set(xscale="log", yscale="log")
    plain_numbers(plot)
    plot.legend(fontsize=7)
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
    for row in rows.to_dict("records"):
        plot.annotate(
            f"s = {row['scale']:g}",
            (row["diversity_value"], row["adherence_value"]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8,
        )
    plot.axhline(rows["adherence_floor"].iloc[0], color=style.BLACK, lw=0.8, ls=":", label="real images")
    plot.axvline(rows["diversity_floor"].iloc[0], color=style.BLACK, lw=0.8, ls=":")
    plot.legend(fontsize=8)
    return figure


def samples_along(
    pictures: Mapping[str, Tensor], columns: int = 8, title: str = "The same noise, other samplers"
) -> Figure:
    """Small multiples: for each name ("DDIM@10") the first images [n, C, H, W] in a row; one noise in each column."""
    if not pictures:
        raise ValueError("no samples to draw")
    figure = Figure(figsize=(0.8 * columns + 1.5, 0.85 * len(pictures) + 0.5), layout="constrained")
    for plot, (name, images) in zip(
        figure.subplots(len(pictures), 1, squeeze=False).flat, pictures.items(), strict=True
    ):
        plot.imshow(image_grid(images[:columns].clamp(-1, 1), columns))
        plot.set(xticks=[], yticks=[])
        plot.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=8)
        plot.spines[:].set_visible(False)
    figure.suptitle(title)
    return figure


def draw_floor(plot: Axes, table: pd.DataFrame, quality: str) -> None:
    """What real images score at these sample counts: a line with a band of two standard errors for each count."""
    for count, rows in table.groupby("samples"):
        floor, spread = rows[f"{quality}_floor"].iloc[0], rows[f"{quality}_floor_spread"].iloc[0]
        plot.axhline(floor, color=style.BLACK, lw=1, ls=":", label=f"real images, n = {count}")
        plot.axhspan(floor - 2 * spread, floor + 2 * spread, color=style.BLACK, alpha=0.06, lw=0)


def plain_numbers(plot: Axes) -> None:
    """20 and 0.5 at the ticks of logarithmic axes, not 2 x 10^1 and 5 x 10^-1."""
    for axis in (plot.xaxis, plot.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else ""))


def label(row: Mapping) -> str:
    """A row's sampler as a legend writes it: "DDIM, eta = 1", "DDPM, large variance", "mnist-reflow: DDIM"."""
    options = json.loads(row["options"]) if isinstance(row["options"], str) else row["options"]
    words: Sequence[str] = [
        f"{value} variance" if name == "variance" else f"{name} = {value:g}" if isinstance(value, float) else f"{name}"
        for name, value in options.items()
    ]
    named = ", ".join([style.label(row["sampler"]), *words])
    return f"{row['who']}: {named}" if "who" in row else named


def _look(row: Mapping, table: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """A sampler's own look; where the table holds several networks, in the network's colour."""
    if "who" in row:
        more["color"] = style.NETWORKS[list(table["who"].unique()).index(row["who"]) % len(style.NETWORKS)]
    return style.line(row["sampler"], stochastic=stochastic(row), **more)


def stochastic(row: Mapping) -> bool:
    """Whether a row's sampler adds noise."""
    return (
        row["sampler"] in ("ddpm", "consistency")
        or row["sampler"].endswith("_sde")
        or '"eta": 1' in str(row["options"])
    )
