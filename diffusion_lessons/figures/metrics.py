"""Figures of measures: the floor that falls with the count, clouds with a fault, a model that forgets."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons.figures import style
from diffusion_lessons.figures.show import png
from diffusion_lessons.metrics.features import Reference
from diffusion_lessons.metrics.frechet import frechet_distance, moments
from diffusion_lessons.metrics.precision_recall import precision_recall
from diffusion_lessons.metrics.scores import subset
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.panels.widgets import NAMES, WIDE, slider

COUNTS = (150, 250, 500, 1000, 2500, 5000)  # of the panel
DRAWS = 20
SHOWN = 1000  # points of a cloud, and of the balls of precision and recall


class Level(NamedTuple):
    """A measure at one count, over several draws: their number, mean and standard deviation."""

    images: int
    mean: float
    deviation: float


def level(values: Sequence[float], count: int) -> Level:
    """Mean and standard deviation of at least two draws at this count."""
    drawn = torch.tensor(values, dtype=torch.float64)
    return Level(count, float(drawn.mean()), float(drawn.std()))


def floor_figure(measures: Mapping[str, Sequence[Level]], title: str) -> Figure:
    """One panel for each measure: its level against the count, with bars of one standard deviation."""
    figure = Figure(figsize=(4.6 * len(measures), 3.6), layout="constrained")
    for plot, (name, levels) in zip(figure.subplots(1, len(measures), squeeze=False)[0], measures.items(), strict=True):
        counts, means, deviations = zip(*levels, strict=True)
        plot.axhline(0, color=style.BLACK, lw=0.8)
        plot.errorbar(counts, means, yerr=deviations, color=style.BLUE, marker="o", capsize=3)
        plot.set(xscale="log", xticks=counts, xticklabels=counts, xlabel="images in the sample", ylabel=name)
        plot.tick_params(axis="x", rotation=45)
        plot.minorticks_off()
        style.clean(plot)
    figure.suptitle(title)
    return figure


def cloud_figure(real: Tensor, clouds: Mapping[str, Tensor]) -> Figure:
    """Points [n, 2] of each cloud over the real ones, in a row; the name of a cloud is its title."""
    figure = Figure(figsize=(3.1 * len(clouds), 3.5), layout="constrained")
    row = figure.subplots(1, len(clouds), sharex=True, sharey=True, squeeze=False)[0]
    for plot, (name, points) in zip(row, clouds.items(), strict=True):
        plot.scatter(*real[:SHOWN].T, s=8, color=style.GREY, alpha=0.35, lw=0, label="real")
        plot.scatter(*points[:SHOWN].T, s=4, color=style.VERMILION, lw=0, label="generated")
        plot.set_title(name, fontsize=10)
        plot.set_aspect("equal")
        style.clean(plot)
    row[0].legend(fontsize=8, loc="lower left", frameon=False)
    return figure


def without_class(real: Reference, digit: int, share: float, generator: torch.Generator) -> Tensor:
    """Features [n, d] of real images, of which this share of one class was left out: a model that forgets."""
    of_class = (real.labels == digit).nonzero().flatten()
    left_out = of_class[subset(len(of_class), round(share * len(of_class)), generator)]
    kept = torch.ones(len(real.labels), dtype=torch.bool)
    kept[left_out] = False
    return real.features[kept]


def floor_panel(train: Reference, held_out: Reference, *, count: int = 1000, percent: int = 20) -> Panel:
    """Draws of real images, and of a model that forgets a share of one digit: at which count can one tell?"""
    reference = moments(train.features)

    def draws(features: Tensor, n: int, generator: torch.Generator) -> list[float]:
        rows = (subset(len(features), n, generator) for _ in range(DRAWS))
        return [frechet_distance(reference, features[chosen]) for chosen in rows]

    def draw(count: int, digit: int, percent: int) -> Iterator[Drawing | None]:
        generator = torch.Generator().manual_seed(0)
        model = without_class(held_out, digit, percent / 100, generator)
        floor = draws(held_out.features, count, generator)
        yield None
        found = draws(model, count, generator)
        yield None
        above = sum(value > max(floor) for value in found)
        shown = [each[subset(len(each), min(count, SHOWN), generator)] for each in (train.features, model)]
        quality = precision_recall(shown[0], shown[1])
        words = (
            f"{count} images, {percent} % of the {digit}s forgotten: {level(found, count).mean:.3f} on average, real "
            f"images {level(floor, count).mean:.3f}; {above} of {DRAWS} draws score above every draw of real images. "
            f"Precision {quality.precision:.3f}, recall {quality.recall:.3f}"
        )
        yield Drawing(png(_draws_figure(floor, found)), words)

    controls = {
        "count": ipywidgets.SelectionSlider(
            options=COUNTS, value=count, description="images", continuous_update=False, layout=WIDE, style=NAMES
        ),
        "digit": slider("digit", 7, 0, 9, live=False),
        "percent": slider("forgotten, %", percent, 0, 100, 10, live=False),
    }
    return Panel(draw, controls)


def _draws_figure(floor: Sequence[float], found: Sequence[float]) -> Figure:
    title = "Each line is a whole evaluation, drawn again"
    figure, plot = style.axes(title, "Frechet distance (MNIST features)", "", size=(6.4, 2.4))
    for height, (values, color) in enumerate(((floor, style.BLACK), (found, style.VERMILION))):
        plot.plot(values, [height] * len(values), "|", color=color, markersize=26, markeredgewidth=1.5)
    plot.set(yticks=[0, 1], yticklabels=["real images", "the model"], ylim=(-0.6, 1.6))
    plot.set_xlim(0, 1.1 * max(*floor, *found))
    return figure
