"""What a network is asked and what it can answer: the noises behind one x_t, and the best answer through them."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diffusion_lessons.figures import style
from diffusion_lessons.machine.fields import check_count
from diffusion_lessons.path import Path
from diffusion_lessons.toys.bayes_loss import bayes_loss
from diffusion_lessons.toys.mixtures import GaussianMixture

PAIRS, REACH = 600, 2.6  # examples drawn, and how far the axes reach


class ExamplesPlot:
    """A plot of (x_t, eps) of some examples and of the posterior mean of eps, redrawn for each t."""

    def __init__(self, axes: Axes, mixture: GaussianMixture, path: Path):
        self.axes, self.mixture, self.path = axes, mixture, path
        generator = torch.Generator().manual_seed(0)
        self.x0 = mixture.sample(PAIRS, generator, torch.float64)
        self.eps = torch.randn(PAIRS, generator=generator, dtype=torch.float64)
        (self.dots,) = axes.plot([], [], ".", color=style.SKY, markersize=3.5, label="examples")
        (self.curve,) = axes.plot([], [], color=style.VERMILION, linewidth=2, label="best answer")
        axes.set(title=" ", xlabel="$x_t$", xlim=(-REACH, REACH), ylim=(-3.2, 3.2))
        style.clean(axes)

    def at(self, t: float) -> None:
        x_t = self.path.add_noise(self.x0, self.eps, t)
        x = torch.linspace(float(x_t.min()), float(x_t.max()), 300, dtype=torch.float64)
        self.dots.set_data(x_t.numpy(), self.eps.numpy())
        self.curve.set_data(x.numpy(), self.mixture.estimate(x, self.path, t).eps.numpy())
        self.axes.set_title(f"t = {t:g}: least loss {bayes_loss(self.mixture, self.path, t):.2f}")


def answers_figure(mixture: GaussianMixture, path: Path, times: Sequence[float]) -> Figure:
    """Examples (x_t, eps) and the best answer eps_hat(x_t) of a mixture of numbers, one plot a time."""
    figure = Figure(figsize=(9.6, 3.3), layout="constrained")
    plots = figure.subplots(1, len(times), sharey=True, squeeze=False)[0]
    for axes, t in zip(plots, times, strict=True):
        ExamplesPlot(axes, mixture, path).at(t)
    plots[0].set_ylabel(r"the noise $\varepsilon$ in it")
    plots[-1].legend(frameon=False, loc="lower right", markerscale=2)
    return figure


def training_figure(
    losses: Sequence[float], times: Sequence[float], least: Sequence[float], reached: Sequence[float]
) -> Figure:
    """Loss against step, and by time: the least possible at `times` and what a trained network reached there."""
    figure = Figure(figsize=(9.2, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(losses, color=style.SKY, linewidth=0.8, label="loss of each batch")
    left.axhline(sum(least) / len(least), color=style.BLACK, linestyle="--", label="least possible")
    left.set(title="The loss falls to a floor and stays", xlabel="step", ylabel="loss", ylim=(0, 1.03))
    right.plot(times, least, color=style.BLACK, linestyle="--", label="least possible")
    right.plot(times, reached, "o", color=style.SKY, markersize=5, label="network")
    right.set(title="The floor, time by time", xlabel="t", ylim=(0, 1.03))
    for axes in (left, right):
        style.clean(axes)
        axes.legend(frameon=False)
    return figure


def curves_figure(title: str, x: str, y: str, at: Sequence[float], curves: Mapping[str, Sequence[float]]) -> Figure:
    """One to four named curves over the same points, in colours and line styles that can be told apart."""
    check_count("curves", curves, 1, 4)
    figure, axes = style.axes(title, x, y, size=(6.4, 3.4))
    looks = zip((style.VERMILION, style.BLUE, style.GREEN, style.PURPLE), ("-", "--", "-.", ":"), strict=True)
    for (name, values), (color, line) in zip(curves.items(), looks, strict=False):
        axes.plot(at, values, color=color, linestyle=line, linewidth=2, label=name)
    axes.legend(frameon=False)
    return figure
