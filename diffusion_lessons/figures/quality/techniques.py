"""The frontier of lesson 12: every technique beside the plain curve, small and faded where fewer steps do better."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.techniques.step_curve import EVEN, TITLES, Beside, beside, is_plain
from diffusion_lessons.benchmark.techniques.technique_table import at_batch
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import BEATEN, SIZE, WITH_LEGEND, plain_numbers
from diffusion_lessons.figures.quality.labels import label_points

TIME = "milliseconds for each image (median)"
FADED = 0.45  # how opaque a point is that fewer steps beat

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
        "steps placed": settings.placed is not None or settings.spacing != EVEN,
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

    A point is small and faded where the plain curve, at as many milliseconds, is surely better (`step_curve.beside`),
    hollow where the spread does not decide. shown: the families of techniques to draw; by default all.
    """
    figure, plot = style.axes("", TIME, TITLES[metric], size=WITH_LEGEND)
    families, verdicts = _draw(plot, rows, batch, metric, scale, shown)
    plot.set_title(title or _wins(verdicts))
    lines = [one for one in plot.get_legend_handles_labels()[0] if isinstance(one, Line2D)]  # not the points
    style.legend_outside(plot, [*lines, *families.values()])
    return figure


def all_networks_figure(
    tables: Mapping[str, Sequence[Measurement]], batch: int = 25, metric: str = "frechet", *, scale: float = 1.0
) -> Figure:
    """The same of several networks beside each other, {"MNIST": rows, ...}; a family looks the same in each."""
    figure = Figure(figsize=(4.2 * len(tables), 4.6), layout="constrained")
    known: dict[str, Line2D] = {}
    for plot, (name, rows) in zip(figure.subplots(1, len(tables), squeeze=False)[0], tables.items(), strict=True):
        style.clean(plot)
        families, verdicts = _draw(plot, rows, batch, metric, scale, None)
        plot.set(title=f"{name}: {_wins(verdicts)}", xlabel=TIME)
        handles, labels = plot.get_legend_handles_labels()
        lines = {label: one for one, label in zip(handles, labels, strict=True) if isinstance(one, Line2D)}
        known = lines | known | families
    figure.axes[0].set_ylabel(TITLES[metric])
    figure.legend(handles=list(known.values()), loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    return figure


def _draw(
    plot: Axes,
    rows: Sequence[Measurement],
    batch: int,
    metric: str,
    scale: float,
    shown: Sequence[str] | None,
) -> tuple[dict[str, Line2D], list[Beside]]:
    """One network's points and curves; what the legend shows of each family, and what was found of each point."""
    joined = [row for row in at_batch(rows, batch) if metric in row.quality and row.settings.scale == scale]
    plain, others = [row for row in joined if is_plain(row)], [row for row in joined if not is_plain(row)]
    verdicts = [beside(row, plain, metric) for row in others if shown is None or family(row) in shown]
    draw_curves(plot, plain, metric)
    families: dict[str, Line2D] = {}  # for the legend, in which every marker is large and filled
    for one in verdicts:
        kind, beaten = family(one.row), one.word == "worse"
        colour, marker = COLOURS[kind]
        look: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": "none", "label": kind}
        families.setdefault(kind, Line2D([], [], markersize=SIZE, **look))
        plot.errorbar(
            milliseconds(one.row),
            one.row.quality[metric].value,
            yerr=one.row.quality[metric].spread,
            mfc="white" if one.word == "undecided" else colour,
            markersize=BEATEN if beaten else SIZE,
            alpha=FADED if beaten else None,
            elinewidth=0.6,
            **look,
        )
    plot.set(xscale="log", yscale="log" if all(row.quality[metric].value > 0 for row in joined) else "linear")
    plain_numbers(plot)
    if metric != "drift" and joined:
        floor = joined[0].quality[metric]
        plot.axhline(floor.floor, color=style.BLACK, lw=1, ls=":", label=f"real images, n = {floor.n}")
    name_steps(plot, plain, metric, [one.row for one in verdicts])
    return families, verdicts


def _wins(verdicts: Sequence[Beside]) -> str:
    """How many of those that have a rival beat it; what is faster than any measured plain run has none."""
    alone = sum(one.word == "alone" for one in verdicts)
    return f"{sum(one.word == 'better' for one in verdicts)} of {len(verdicts) - alone} beat fewer steps"


def milliseconds(row: Measurement) -> float:
    """The median for an image; 0 for a row that was not timed."""
    return 1000 * (row.seconds_per_image or 0.0)


def draw_curves(plot: Axes, plain: Sequence[Measurement], metric: str) -> None:
    """The plain runs, a curve for each sampler."""
    for sampler in dict.fromkeys(row.settings.sampler for row in plain):
        line = sorted((row for row in plain if row.settings.sampler == sampler), key=milliseconds)
        places = [_place(row, metric) for row in line]
        plot.plot(*zip(*places, strict=True), **style.line(sampler, label=f"{style.label(sampler)}, plain"))


def name_steps(plot: Axes, plain: Sequence[Measurement], metric: str, others: Sequence[Measurement] = ()) -> None:
    """The number of steps beside each plain run, where it covers no point; called when the scales are set."""
    places = [_place(row, metric) for row in plain]
    label_points(plot, places, [str(row.settings.steps) for row in plain], [_place(row, metric) for row in others])


def _place(row: Measurement, metric: str) -> tuple[float, float]:
    return milliseconds(row), row.quality[metric].value
