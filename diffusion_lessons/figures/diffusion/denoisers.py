"""What a denoiser answers to each number: the mean of all that is possible, or the one end of the trajectory."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.figures import style
from diffusion_lessons.path import Path
from diffusion_lessons.toys.mixtures import GaussianMixture

STROKES = (
    {"color": style.BLACK, "linewidth": 3.5, "alpha": 0.35},  # what is exact: drawn first and broadest
    {"color": style.BLUE, "linewidth": 1.8},
    {"color": style.VERMILION, "linewidth": 1.8, "linestyle": "--"},
    {"color": style.GREEN, "linewidth": 1.8, "linestyle": ":"},
)
POINTS = 1201
DEPTH = 0.16  # of the density below, as a share of the plot's height


def jumps_figure(
    mixture: GaussianMixture,
    path: Path,
    answers: Mapping[str, DenoiserLike],
    times: Sequence[float],
    *,
    title: str,
    reach: float = 2.6,
) -> Figure:
    """The clean number that each denoiser in `answers` estimates from x, one plot for each time.

    The grey shape along the bottom is the density of x_t: where it is low, few samples pass.
    """
    if len(answers) > len(STROKES):
        raise ValueError(f"at most {len(STROKES)} denoisers can be told apart in one figure; got {len(answers)}")
    figure = Figure(figsize=(6.4, 4.2) if len(times) == 1 else (10.0, 3.4), layout="constrained")
    plots = figure.subplots(1, len(times), sharey=True, squeeze=False)[0]
    x = torch.linspace(-reach, reach, POINTS, dtype=torch.float64)
    for plot, t in zip(plots, times, strict=True):
        for (name, denoise), stroke in zip(answers.items(), STROKES, strict=False):
            plot.plot(x.numpy(), denoise(x, t).x0.detach().numpy(), label=name, **stroke)
        plot.set(xlim=(-reach, reach), xlabel=f"x at t = {t:g}")
        style.clean(plot)
    low, high = plots[0].get_ylim()  # of all: they share it
    for plot, t in zip(plots, times, strict=True):
        density = mixture.log_prob(x, path, t).exp()
        _density_below(plot, x.numpy(), (density / density.max()).numpy(), low, DEPTH * (high - low))
    plots[0].set_ylabel("clean number predicted from it")
    plots[0].legend(frameon=False, fontsize=9, loc="upper left")
    figure.suptitle(title)
    return figure


def _density_below(plot: Axes, x: np.ndarray, share: np.ndarray, low: float, depth: float) -> None:
    plot.fill_between(x, low - depth, low - depth + depth * share, color=style.GREY, alpha=0.3, label="density of x")
    plot.set_ylim(bottom=low - depth)
