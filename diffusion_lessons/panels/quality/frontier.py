"""The frontier explorer: a budget of evaluations, what wins within it, what ties with that, and how it draws."""

from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.frontier import best_under
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.display import beside
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.figures.quality.frontier import BEATEN, joined, look_of, plain_numbers
from diffusion_lessons.panels.controls import choice_slider
from diffusion_lessons.panels.panel import Drawing, Panel

BUDGETS = (2, 5, 10, 20, 50)
SHOWN = 12  # samples of the winner


def comparable(name: str, samples: int | None = None) -> pd.DataFrame:
    """The rows of a shipped table that one figure may hold (`shipped.comparable`), of the largest count or of this."""
    return joined(shipped.comparable(shipped.rows(name), samples=samples))


def frontier_panel(table: pd.DataFrame, denoise: Any, *, budget: int = 10) -> Panel:
    """Choose a budget of network evaluations; `denoise` draws twelve samples of the best row live."""

    def show_best(budget: int) -> Drawing:
        tied = best_under(table, {"nfe": budget}, "frechet_value")
        best = tied.loc[tied["frechet_value"].idxmin()]
        samples = timed_samples(denoise, best["settings"], SHOWN).x
        others = [_named(row) for row in tied.drop(index=best.name).to_dict("records")]
        words = (
            f"At most {budget} evaluations: {_named(best)} measures lowest, "
            f"{best['frechet_value']:.2f} ± {best['frechet_spread']:.2f}; "
            + (f"with it tie {' and '.join(others)}" if others else "no other row ties with it")
        )
        return Drawing(beside(_points(table, tied, best, budget), image_grid(samples, 4, enlarge=3)), words)

    return Panel(show_best, {"budget": choice_slider("evaluations", BUDGETS, budget)})


def _named(row: Any) -> str:
    return f"{row['label']} in {style.count(row['steps'], 'step')}"


def _points(table: pd.DataFrame, tied: pd.DataFrame, best: pd.Series, budget: int) -> Figure:
    """Each sampler in its own look: large where the row ties with the best one, small where it is farther than that."""
    title, x, y = "Within the budget", "network evaluations", "Fréchet distance"
    figure, plot = style.axes(title, x, y, size=(6.2, 3.4))
    samplers: dict[str, Line2D] = {}  # for the legend, in which every marker is large
    for row, is_tied in zip(table.to_dict("records"), table.index.isin(tied.index), strict=True):
        look = look_of(row, table, label=row["label"], linestyle="none")
        samplers.setdefault(row["label"], Line2D([], [], **look))
        if row["nfe"] > budget:
            look |= {"color": style.GREY, "marker": "x"}
        size = 8 if is_tied else BEATEN
        plot.errorbar(row["nfe"], row["frechet_value"], row["frechet_spread"], **look, markersize=size, elinewidth=0.8)
    lowest: dict[str, Any] = {"color": style.VERMILION, "markerfacecolor": "none", "linestyle": "none"}
    plot.plot(best["nfe"], best["frechet_value"], marker="*", markersize=22, **lowest)
    plot.axvline(budget * 1.06, color=style.GREY, ls=":")
    plot.set(xscale="log", yscale="log")
    plain_numbers(plot)
    style.legend_outside(
        plot,
        [
            *samplers.values(),
            Line2D([], [], marker="*", markersize=14, label="the lowest; large: ties with it", **lowest),
            Line2D([], [], color=style.GREY, marker="x", linestyle="none", label="over the budget"),
        ],
    )
    return figure
