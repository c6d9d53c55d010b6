"""The panel of noising: images on their way to noise, and where they are on the schedule's curve."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import PATH_COLORS, path_label, times_to_draw
from diffusion_lessons.figures.pictures.display import beside, freeze
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.panels.controls import menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path


def noising_panel(images: Tensor, paths: Sequence[Path], *, start: int = 25) -> Panel:
    """Images [N, C, H, W] at a share of T on one of the paths, and where that is on the schedule's curve."""
    eps = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    curves = {path_label(path): _Curve(path) for path in paths}

    def draw(percent: int, schedule: str) -> Drawing:
        curve = curves[schedule]
        path, t = curve.path, percent / 100 * curve.path.T
        noisy = path.add_noise(images, eps, t) / path.prior_std
        words = f"{schedule} schedule, t = {percent} % of T: of a variance of 1, {curve.share(t):.1%} is still data"
        return Drawing(beside(image_grid(noisy), curve.at(t)), words)

    return Panel(draw, {"percent": slider("t, % of T", start, 0, 100), "schedule": menu("schedule", list(curves))})


class _Curve:
    """A kept figure of one schedule, on which only a dot moves."""

    def __init__(self, path: Path):
        self.path = path
        self.figure, plot = style.axes(
            "How much of the variance is data", "t / T", "share of the variance", size=(3.8, 2.8)
        )
        t = times_to_draw(path)
        plot.plot(t / path.T, self.share(t), color=PATH_COLORS[path.card["path"]], linewidth=2)
        (self.dot,) = plot.plot([], [], "o", color=style.BLACK, markersize=9, zorder=3)
        freeze(self.figure)

    def share(self, t):
        """alpha^2 / (alpha^2 + sigma^2): alpha_bar where the path keeps the variance."""
        return self.path.alpha_bar(t) / (self.path.alpha_bar(t) + self.path.sigma(t) ** 2)

    def at(self, t: float) -> Figure:
        self.dot.set_data([t / self.path.T], [self.share(t)])
        return self.figure
