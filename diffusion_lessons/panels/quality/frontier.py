"""The frontier explorer: a budget of evaluations, what wins within it, what ties with that, and how it draws."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.frontier import best_under
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.display import beside
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.figures.quality.frontier import joined, plain_numbers
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
        words = (
            f"At most {budget} evaluations: {best['label']} in {best['steps']} steps measures lowest, "
            f"{best['frechet_value']:.2f} ± {best['frechet_spread']:.2f}; {len(tied) - 1} other rows tie with it, the "
            f"cheapest of them all with {tied['nfe'].iloc[0]:g} evaluations"
        )
        return Drawing(beside(_points(table, tied, best, budget), image_grid(samples, 4, enlarge=3)), words)

    return Panel(show_best, {"budget": choice_slider("evaluations", BUDGETS, budget)})


def _points(table: pd.DataFrame, tied: pd.DataFrame, best: pd.Series, budget: int) -> Figure:
    figure, plot = style.axes("Within the budget", "network evaluations", "Fréchet distance", size=(4.8, 3.4))
    fits = (table["nfe"] <= budget).to_numpy()
    is_tied = np.isin(table.index, tied.index)
    groups: tuple[tuple[Any, dict[str, Any], str], ...] = (
        (~fits, {"color": style.GREY, "marker": "x", "markersize": 5}, "over budget"),
        (fits & ~is_tied, {"color": style.BLUE, "marker": "o", "markersize": 3.5}, "beaten"),
        (is_tied, {"color": style.BLUE, "marker": "o", "markersize": 8}, "ties"),
    )
    for chosen, look, name in groups:
        x, y, bar = (table.loc[chosen, name] for name in ("nfe", "frechet_value", "frechet_spread"))
        plot.errorbar(x, y, bar, linestyle="none", elinewidth=0.8, label=name, **look)
    plot.plot(best["nfe"], best["frechet_value"], "*", color=style.VERMILION, markersize=16, zorder=3, label="lowest")
    plot.axvline(budget * 1.06, color=style.GREY, ls=":")
    plot.set(xscale="log", yscale="log")
    plain_numbers(plot)
    plot.legend(fontsize=8)
    return figure
