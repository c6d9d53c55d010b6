"""The frontier of lesson 12: every technique beside the plain step-count curve, small where fewer steps do better."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.techniques.step_curve import TITLES, beside, is_plain
from diffusion_lessons.benchmark.techniques.technique_table import at_batch
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import BEATEN, SIZE, WITH_LEGEND, plain_numbers

COLOURS = {  # a family of techniques keeps its colour, and its marker for those who do not tell colours apart
    "int8": (style.VERMILION, "s"),
    "half precision": (style.ORANGE, "p"),
    "ONNX Runtime": (style.GREY, "P"),
    "compiled": (style.GREY, "h"),
    "steps placed": (style.GREEN, "^"),
    "features kept": (style.SKY, "v"),
    "pruned": (style.PURPLE, "D"),
    "small network": (style.BLACK, "*"),
    "guidance reused": (style.BLUE, "X"),
}


def family(row: Measurement) -> str:
    """The family of techniques that a row belongs to: the first that applies, in the order of `COLOURS`."""
    done, settings = " ".join(row.techniques), row.settings
    marks = {
        "int8": "int8" in done,
        "half precision": settings.precision != "float32",
        "ONNX Runtime": "ONNX Runtime" in done,
        "compiled": "compiled" in done,
        "steps placed": settings.placed is not None,
        "features kept": "features" in done,
        "small network": "small network" in done,
        "pruned": "less" in done,
        "guidance reused": settings.reuse > 1 or settings.interval is not None,
    }
    return next((name for name, applies in marks.items() if applies), "plain")


def techniques_figure(
    rows: Sequence[Measurement],
    batch: int = 25,
    metric: str = "frechet",
    *,
    scale: float = 1.0,
    shown: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Figure against seconds for an image at this batch, of one guidance scale; the plain runs are joined by a line.

    A point is small where a plain run that takes no longer is surely better (`step_curve.beside`), hollow where the
    spread does not decide. shown: the families of techniques to draw; by default all.
    """
    joined = [row for row in at_batch(rows, batch) if metric in row.quality and row.settings.scale == scale]
    plain, others = [row for row in joined if is_plain(row)], [row for row in joined if not is_plain(row)]
    verdicts = [beside(row, plain, metric) for row in others if shown is None or family(row) in shown]
    wins = sum(one.word in ("better", "alone") for one in verdicts)
    name = title or f"{wins} of {len(verdicts)} beat taking fewer steps"
    figure, plot = style.axes(name, "milliseconds for each image (median)", TITLES[metric], size=WITH_LEGEND)
    draw_curves(plot, plain, metric)
    families: dict[str, Line2D] = {}  # for the legend, in which every marker is large and filled
    for one in verdicts:
        kind = family(one.row)
        colour, marker = COLOURS[kind]
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "label": kind}
        families.setdefault(kind, Line2D([], [], markersize=SIZE, **look))
        plot.errorbar(
            milliseconds(one.row),
            one.row.quality[metric].value,
            yerr=one.row.quality[metric].spread,
            mfc="white" if one.word == "undecided" else colour,
            markersize=BEATEN if one.word == "worse" else SIZE,
            elinewidth=0.6,
            **look,
        )
    plot.set(xscale="log", yscale="log" if all(row.quality[metric].value > 0 for row in joined) else "linear")
    plain_numbers(plot)
    if metric != "drift" and joined:
        floor = joined[0].quality[metric]
        plot.axhline(floor.floor, color=style.BLACK, lw=1, ls=":", label=f"real images, n = {floor.n}")
    lines = [one for one in plot.get_legend_handles_labels()[0] if isinstance(one, Line2D)]  # not the points
    style.legend_outside(plot, [*lines, *families.values()])
    return figure


def milliseconds(row: Measurement) -> float:
    """The median for an image; 0 for a row that was not timed."""
    return 1000 * (row.seconds_per_image or 0.0)


def draw_curves(plot: Axes, plain: Sequence[Measurement], metric: str) -> None:
    """The plain runs with their steps, a curve for each sampler."""
    for sampler in dict.fromkeys(row.settings.sampler for row in plain):
        _draw_curve(plot, [row for row in plain if row.settings.sampler == sampler], metric)


def _draw_curve(plot: Axes, rows: Sequence[Measurement], metric: str) -> None:
    """The plain runs of one sampler with their steps, joined."""
    line = sorted(rows, key=milliseconds)
    x, y = [milliseconds(row) for row in line], [row.quality[metric].value for row in line]
    plot.plot(x, y, **style.line(line[0].settings.sampler, label=f"{style.label(line[0].settings.sampler)}, plain"))
    for row, here, there in zip(line, x, y, strict=True):
        plot.annotate(str(row.settings.steps), (here, there), xytext=(4, 4), textcoords="offset points", fontsize=7)
