"""One to four steps: why one Euler step of a flow fails, what reflow and consistency make of it, and their samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons import samplers, schedules
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import density_over_time
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow, flow_map
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import gaussian_quantiles

FLOW = schedules.flow()
TIMES = torch.linspace(1, 0, 101, dtype=torch.float64)
JUMPS = (0.95, 0.75, 0.5, 0.3)  # the times at which the third plot jumps from a trajectory to its end


def trajectories_figure(mixture: GaussianMixture, count: int = 9, reach: float = 3.0) -> Figure:
    """The exact flow of a mixture of numbers three times over, from noise at the left to data at the right.

    First with one Euler step of it; then after a reflow, when the same ends are joined by straight lines and one Euler
    step is exact; then with the consistency function, which takes every point of a trajectory to its end.
    """
    z, second = gaussian_quantiles(count), ReflowedFlow(mixture)
    curves = torch.stack([flow_map(mixture, FLOW, z, 1.0, t) for t in TIMES.tolist()])  # [times, count]
    figure = Figure(figsize=(10.0, 3.6), layout="constrained")
    first, straight, jumps = figure.subplots(1, 3, sharey=True)
    for plot in (first, jumps):
        density_over_time(plot, mixture, FLOW, -reach, reach)
        plot.plot(TIMES.numpy(), curves.numpy(), color=style.BLACK, linewidth=0.8)
    for plot in (first, straight, jumps):
        plot.set(xlim=(1, 0), ylim=(-reach, reach), xlabel="t (noise at the left, data at the right)")
        plot.label_outer()
    _euler_steps(first, z, samplers.sample(samplers.euler, mixture.denoiser(FLOW), z, FLOW, (1.0, 0.0)))
    first.set_title("The flow bends: one Euler step\nends at the mean of the data")
    _euler_steps(straight, z, samplers.sample(samplers.euler, second, z, FLOW, (1.0, 0.0)))
    straight.set_title("After a reflow it is straight:\none Euler step arrives")
    end_of = ConsistencyFunction(mixture, FLOW)
    for row in sorted({count // 4, count - 1}):  # two are enough to see it
        for t in JUMPS:
            x = curves[round((1 - t) * (len(TIMES) - 1)), row : row + 1]
            _jump(jumps, t, float(x), float(end_of(x, t).x0))
    jumps.set_title("A consistency function: all points\nof a trajectory are taken to its end")
    return figure


def methods_figure(images: Mapping[str, Mapping[int, Tensor]], columns: int = 4) -> Figure:
    """Samples by method, one a row, and number of steps, one a column: {"reflow": {1: images [N, C, H, W], ...}, ...}.

    Where a method has none for a number of steps, the place stays empty.
    """
    steps = sorted({number for by_steps in images.values() for number in by_steps})
    if not steps:
        raise ValueError("there are no images: give {method: {steps: images [N, C, H, W]}}")
    shown = {(name, n): np.asarray(image_grid(x, columns)) for name, row in images.items() for n, x in row.items()}
    height, width = next(iter(shown.values())).shape[:2]
    side = min(2.4, 8.8 / len(steps))
    figure = Figure(figsize=(1.2 + side * len(steps), 0.4 + side * height / width * len(images)), layout="constrained")
    plots = figure.subplots(len(images), len(steps), squeeze=False)
    for row, name in zip(plots, images, strict=True):
        for plot, number in zip(row, steps, strict=True):
            plot.set(xticks=[], yticks=[])
            plot.spines[:].set_visible(False)
            if (name, number) in shown:
                plot.imshow(shown[name, number])
        row[0].set_ylabel(name)
    for plot, number in zip(plots[0], steps, strict=True):
        plot.set_title(style.count(number, "step"))
    return figure


def _euler_steps(plot: Axes, z: Tensor, x0: Tensor) -> None:
    """One straight step from noise to wherever it leads, for each number."""
    plot.plot([1, 0], torch.stack([z, x0]).numpy(), color=style.look("euler").color, linewidth=1.2)
    plot.plot(torch.zeros(len(x0)), x0.numpy(), clip_on=False, **_end("euler"))


def _jump(plot: Axes, t: float, x: float, end: float) -> None:
    color = style.look("consistency").color
    arrow: dict[str, Any] = {"arrowstyle": "->", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 3}
    plot.annotate("", (0, end), (t, x), arrowprops=arrow, annotation_clip=False)
    plot.plot([t], [x], marker="o", color=color, markersize=5, zorder=4)
    plot.plot([0], [end], clip_on=False, **_end("consistency"))


def _end(sampler: str) -> dict[str, Any]:
    color, marker = style.look(sampler)
    return {"linestyle": "", "marker": marker, "color": color, "markersize": 7, "zorder": 5}
