"""Figures of measures: the floor that falls with the count, clouds with a fault, a model that forgets."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from torch import Tensor
from uncertainties import UFloat

from diffusion_lessons.figures import style
from diffusion_lessons.metrics.features import Reference
from diffusion_lessons.metrics.scores import subset

SHOWN = 1000  # points of a cloud, and of the balls of precision and recall


def floor_figure(measures: Mapping[str, Mapping[int, UFloat]], title: str) -> Figure:
    """One panel for each measure: its mean over draws (`over_draws`) against the count, with bars of one deviation."""
    figure = Figure(figsize=(4.6 * len(measures), 3.6), layout="constrained")
    for plot, (name, means) in zip(figure.subplots(1, len(measures), squeeze=False)[0], measures.items(), strict=True):
        counts, levels, errors = list(means), [mean.n for mean in means.values()], [mean.s for mean in means.values()]
        plot.axhline(0, color=style.BLACK, lw=0.8)
        plot.errorbar(counts, levels, yerr=errors, color=style.BLUE, marker="o", capsize=3)
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
