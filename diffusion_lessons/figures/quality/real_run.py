"""Figures of a real run: its loss and its pictures, two curves by their ratios, guidance on two networks."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.utils import make_grid

from diffusion_lessons.data import to_pixels
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.frontier import plain_numbers

Curve = Sequence[Sequence[float]]  # [images seen, loss, ...] of each point


def history_figure(curves: Mapping[str, Curve], moments: Sequence[int], pictures: Tensor) -> Figure:
    """The loss against images seen, and samples [moments, columns, 3, H, W] of the same noise at some moments."""
    figure = Figure(figsize=(10.0, 4.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    for (name, curve), color in zip(curves.items(), (style.BLUE, style.ORANGE), strict=False):
        left.plot([point[0] for point in curve], [point[1] for point in curve], color=color, lw=1.5, label=name)
    for images in moments:
        left.axvline(images, color=style.GREY, lw=0.6, ls=":")
    left.set(title="The loss falls fast, then hardly", xlabel="images seen", ylabel="loss", xscale="log")
    lowest = min(point[1] for curve in curves.values() for point in curve)
    left.set(ylim=(0.88 * lowest, 1.96 * lowest), xlim=(0.8 * min(moments), None))
    left.legend(frameon=False)
    style.clean(left)
    _draw_rows(right, pictures.flatten(0, 1), [f"{images:,}" for images in moments])
    right.set(title="Drawn from the same noise", ylabel="images seen")
    return figure


def relative_figure(panels: Mapping[str, Mapping[str, Mapping[int, float]]], unit: str) -> Figure:
    """Distances by steps, {panel: {sampler: {steps: distance}}}, each divided by that of `unit` at its most steps.

    What the panels share is the shape: distances in different features have no common scale.
    """
    figure = Figure(figsize=(9.2, 4.1), layout="constrained")
    plots = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    looks = dict(
        zip(dict.fromkeys(name for curves in panels.values() for name in curves), style.NETWORKS, strict=False)
    )
    for plot, (title, curves) in zip(plots, panels.items(), strict=True):
        one = curves[unit][max(curves[unit])]
        for name, curve in curves.items():
            ratios = [distance / one for distance in curve.values()]
            plot.loglog(list(curve), ratios, "-o", color=looks[name], markersize=4, label=name)
        plot.axhline(1.0, color=style.BLACK, lw=0.8, ls=":")
        plot.set(title=title, xlabel=f"steps (1 is {unit} in {max(curves[unit]):,})")
        plain_numbers(plot)
        counts = sorted({steps for curve in curves.values() for steps in curve})
        plot.set_xticks(counts, [str(steps) for steps in counts])
        plot.set_xticks([], minor=True)
        style.clean(plot)
    plots[0].set_ylabel(f"distance / that of {unit}\nin the most steps")
    plots[-1].legend(frameon=False, loc="upper right")
    return figure


def guided_figure(networks: Mapping[str, Mapping[float, tuple[float, float]]], real: Mapping[str, float]) -> Figure:
    """Distance, relative to that at scale 1, and adherence against the guidance scale: {network: {scale: (d, a)}}.

    real: the adherence of real images, a dotted line for each network.
    """
    figure = Figure(figsize=(9.2, 3.7), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, rows), color in zip(networks.items(), style.NETWORKS, strict=False):
        scales = [scale for scale in rows if scale > 0]
        left.loglog(scales, [rows[s][0] / rows[1.0][0] for s in scales], "-o", color=color, markersize=4, label=name)
        right.semilogx(scales, [rows[s][1] for s in scales], "-o", color=color, markersize=4)
        right.axhline(real[name], color=color, lw=0.8, ls=":")
    left.axhline(1.0, color=style.BLACK, lw=0.8, ls=":")
    left.set(title="Distance, relative to scale 1", xlabel="guidance scale", ylabel="distance / distance at scale 1")
    right.set(title="Recognised as asked (dotted: real images)", xlabel="guidance scale", ylabel="adherence")
    left.legend(frameon=False)
    plain_numbers(left)
    plain_numbers(right, "x")
    for plot in (left, right):
        style.clean(plot)
    return figure


def class_grid(groups: Mapping[str, Tensor], names: Sequence[str]) -> Figure:
    """Colour images in groups side by side, {title: [classes * each, 3, H, W]}, a row for each named class."""
    counts = [len(images) // len(names) for images in groups.values()]
    size = (0.62 * sum(counts) + 1.5, 0.62 * len(names) + 0.3 * any(groups))
    figure = Figure(figsize=size, layout="constrained")
    plots = figure.subplots(1, len(groups), width_ratios=counts, squeeze=False)[0]
    for axes, (title, images) in zip(plots, groups.items(), strict=True):
        _draw_rows(axes, images, names)
        axes.set_title(title)
    for axes in plots[1:]:
        axes.set_yticks([])
    return figure


def _draw_rows(axes: Axes, images: Tensor, names: Sequence[str]) -> None:
    """Images [rows * columns, 3, H, W] in [-1, 1], with white lines between them; a row for each name."""
    tiles = make_grid(images.detach().cpu().clamp(-1, 1), nrow=len(images) // len(names), padding=1, pad_value=1.0)
    axes.imshow(to_pixels(tiles).permute(1, 2, 0).numpy(), interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([(images.shape[-2] + 1) * (k + 0.5) for k in range(len(names))], list(names))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def by_class(images: Tensor, classes: int) -> Tensor:
    """Images whose labels took turns, [n, ...], sorted into rows: those of class 0 first."""
    return torch.cat([images[k::classes] for k in range(classes)])
