"""Samplers at work: trajectories over the density of x_t in one and two dimensions, and the estimates on the way."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from torch import Tensor

from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import density_over_time, image_strip
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.toys.mixtures import ConditionalMixture, GaussianMixture

Traces = Mapping[str, Sequence[State]]  # "ddim", or "ddim, 10 steps": the sampler's name first


def sampler_of(name: str) -> str:
    """The sampler in the name of a run: "ddim" of "ddim, 10 steps"."""
    return name.partition(",")[0]


def run_label(name: str) -> str:
    return style.label(sampler_of(name)) + name.removeprefix(sampler_of(name))


def trajectory_figure(mixture: GaussianMixture, path: Path, traces: Traces, reach: float = 3.0) -> Figure:
    """The paths of numbers, [B] in each State, from noise at the left to data at the right; one plot a run.

    Behind them the density of x_t, and at the right edge that of the data.
    """
    figure = Figure(figsize=(min(4.5 * len(traces), 10.0), 3.4), layout="constrained")
    plots = figure.subplots(1, len(traces), sharey=True, squeeze=False)[0]
    for plot, (name, states) in zip(plots, traces.items(), strict=True):
        density_over_time(plot, mixture, path, -reach, reach)
        draw_paths(plot, states, style.look(sampler_of(name)).color)
        plot.set(title=run_label(name), ylim=(-reach, reach))
        plot.label_outer()
    return figure


def draw_paths(axes: Axes, states: Sequence[State], color: str) -> None:
    """x against t, one line a sample, a dot at each step."""
    times = [state.t for state in states]
    x = torch.stack([state.x for state in states])  # [steps + 1, B]
    dots: dict[str, Any] = {"marker": ".", "markersize": 4} if len(times) <= 40 else {}
    axes.plot(times, x.numpy(), color=color, linewidth=0.9 if dots else 0.6, alpha=0.8, **dots)
    axes.set_xlim(times[0], times[-1])


def plane_figure(mixture: GaussianMixture, traces: Traces, reach: float = 3.0) -> Figure:
    """The paths of points, [B, 2] in each State, over the density of the data; one plot a run."""
    figure = Figure(figsize=(min(4.0 * len(traces), 10.0), min(4.0, 10.0 / len(traces))), layout="constrained")
    plots = figure.subplots(1, len(traces), sharey=True, squeeze=False)[0]
    for plot, (name, states) in zip(plots, traces.items(), strict=True):
        draw_plane(plot, mixture, reach)
        x = torch.stack([state.x for state in states])  # [steps + 1, B, 2]
        color = style.look(sampler_of(name)).color
        plot.plot(x[..., 0].numpy(), x[..., 1].numpy(), color=color, linewidth=0.8, alpha=0.7)
        plot.plot(*x[0].T.numpy(), linestyle="", marker=".", color=style.GREY, markersize=4, label="start: noise")
        plot.plot(*x[-1].T.numpy(), linestyle="", marker="o", color=color, markersize=4, label="end: sample")
        plot.set_title(run_label(name))
    plots[0].legend(frameon=False, fontsize=9, loc="upper left")
    return figure


def cloud_figure(classes: ConditionalMixture, clouds: Mapping[str, Tensor], reach: float = 3.0) -> Figure:
    """Points [n, 2] over the density of all classes, whose numbers stand at their means; one plot a cloud."""
    figure = Figure(figsize=(min(4.0 * len(clouds), 10.0), min(4.0, 10.0 / len(clouds))), layout="constrained")
    plots = figure.subplots(1, len(clouds), sharey=True, squeeze=False)[0]
    for plot, (name, x) in zip(plots, clouds.items(), strict=True):
        draw_plane(plot, classes.union, reach)
        plot.plot(*x.T.numpy(), linestyle="", marker="o", color=style.BLUE, markersize=3, alpha=0.5)
        draw_class_numbers(plot, classes)
        plot.set_title(name)
    return figure


def draw_class_numbers(axes: Axes, classes: ConditionalMixture) -> None:
    """The number of each class, at the mean of its largest part: a class of several has no data at its own mean."""
    for number, mixture in enumerate(classes.classes):
        mean = mixture.means[mixture.weights.argmax()].tolist()
        look: dict[str, Any] = {
            "color": style.VERMILION,
            "fontsize": 14,
            "weight": "bold",
            "ha": "center",
            "va": "center",
            "path_effects": [withStroke(linewidth=4, foreground="white")],
        }
        axes.annotate(str(number), mean, zorder=5, **look)


def draw_plane(axes: Axes, mixture: GaussianMixture, reach: float = 3.0) -> None:
    """The density of a mixture of points as shades of grey."""
    side = torch.linspace(-reach, reach, 161, dtype=torch.float64)
    points = torch.cartesian_prod(side, side)  # [161 * 161, 2]
    density = mixture.log_prob(points).exp().reshape(161, 161).T
    extent = (-reach, reach, -reach, reach)
    style.shade(axes, (density / density.max()).numpy(), extent)
    axes.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    axes.label_outer()


def estimate_strip(states: Sequence[State], row: int = 0, columns: int = 8) -> Figure:
    """One image on its way through a sampler: x_t above, and below it the clean image that was seen in it.

    The estimate in the column of t was made from the x_t above it; the last column is the finished sample.
    """
    if len(states) < 2:
        raise ValueError("a strip needs the states of a trace: at least a start and one step")
    chosen = sorted({round(i * (len(states) - 1) / (columns - 1)) for i in range(columns)})
    x = torch.stack([states[i].x[row] for i in chosen])
    estimates = torch.stack([_estimate_at(states, i, row) for i in chosen])
    names = [f"t = {states[i].t:g}" for i in chosen]
    return image_strip(
        {r"$x_t$": x, r"$\hat x_0$": estimates}, names, "Above: the state. Below: the clean image predicted from it"
    )


def _estimate_at(states: Sequence[State], index: int, row: int) -> Tensor:
    """The estimate that was made at this state; a State holds the one that led to it, so it is in the next."""
    after = states[min(index + 1, len(states) - 1)].x0
    assert after is not None
    return after[row]
