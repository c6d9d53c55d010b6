"""The panels of the course: a thing to move for each idea."""

from collections.abc import Iterator, Sequence
from typing import Any

import ipywidgets
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.figures import style
from diffusion_lessons.figures.images import image_grid
from diffusion_lessons.figures.noising import PATH_COLORS, density_over_time, path_label, times_to_draw
from diffusion_lessons.figures.show import as_image, beside, png
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.samplers import State
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1

WIDE = ipywidgets.Layout(width="360px")
NAMES = {"description_width": "90px"}
PATHS_SHOWN, SAMPLES = 16, 2000  # of the playground: drawn, and counted


def slider(name: str, value: int, low: int, high: int, step: int = 1, live: bool = True) -> ipywidgets.IntSlider:
    """A slider for whole numbers; `live` redraws while it moves, for what is drawn in a blink."""
    return ipywidgets.IntSlider(
        value, low, high, step, description=name, continuous_update=live, layout=WIDE, style=NAMES
    )


def menu(name: str, options: Sequence[tuple[str, object]] | Sequence[str], value: object = None) -> ipywidgets.Dropdown:
    chosen = {} if value is None else {"value": value}
    return ipywidgets.Dropdown(options=options, description=name, layout=WIDE, style=NAMES, **chosen)


def noising_panel(images: Tensor, paths: Sequence[Path], *, start: int = 25) -> Panel:
    """Images [N, C, H, W] at a share of T on one of the paths, and where that is on the schedule's curve."""
    eps = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    curves = {path_label(path): _Curve(path) for path in paths}

    def draw(percent: int, schedule: str) -> Drawing:
        curve = curves[schedule]
        path, t = curve.path, percent / 100 * curve.path.T
        noisy = path.add_noise(images, eps, t) / path.prior_std
        words = f"{schedule} schedule, t = {percent} % of T: of a variance of 1, {curve.share(t):.1%} is still data"
        return Drawing(png(beside(image_grid(noisy), curve.at(t))), words)

    return Panel(draw, {"percent": slider("t, % of T", start, 0, 100), "schedule": menu("schedule", list(curves))})


def freeze(figure: Figure) -> None:
    """Lay the figure out once and for all: most of the time of a redrawing goes there."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


class _Curve:
    """A kept figure of one schedule, on which only a dot moves."""

    def __init__(self, path: Path):
        self.path = path
        self.figure, plot = style.axes("How much of the variance is data", "t / T", r"$\bar\alpha_t$", size=(4.6, 3.6))
        t = times_to_draw(path)
        plot.plot(t / path.T, self.share(t), color=PATH_COLORS[path.card["path"]], linewidth=2)
        (self.dot,) = plot.plot([], [], "o", color=style.BLACK, markersize=9, zorder=3)
        freeze(self.figure)

    def share(self, t):
        """alpha^2 / (alpha^2 + sigma^2): alpha_bar where the path keeps the variance."""
        return self.path.alpha_bar(t) / (self.path.alpha_bar(t) + self.path.sigma(t) ** 2)

    def at(self, t: float) -> Image.Image:
        self.dot.set_data([t / self.path.T], [self.share(t)])
        return as_image(self.figure, dpi=75)


def sampler_panel(mixture: GaussianMixture, path: Path, *, sampler: str = "ddim", steps: int = 10) -> Panel:
    """Any sampler on a mixture of numbers whose denoiser is exact: its paths, and how far its samples are from the law.

    `eta` acts on DDIM only. All samplers start alike, from 2,000 numbers spread evenly over N(0, 1), of which a few are
    drawn: `start` says which, and seeds the noise of a stochastic sampler.
    """
    plot = _Playground(mixture, path)
    controls = {
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 50, live=False),
        "eta": ipywidgets.FloatSlider(0.0, min=0.0, max=1.0, step=0.1, description="eta", layout=WIDE, style=NAMES),
        "start": slider("start", 0, 0, 20),
    }
    controls["eta"].continuous_update = False

    def allow_eta(change: dict) -> None:
        controls["eta"].disabled = change["new"] != "ddim"

    controls["sampler"].observe(allow_eta, names="value")
    allow_eta({"new": sampler})
    return Panel(plot.draw, controls)


class _Playground:
    """A kept figure: the paths over the density of x_t, and the samples beside the law."""

    def __init__(self, mixture: GaussianMixture, path: Path, reach: float = 3.0):
        self.mixture, self.path = mixture, path
        self.denoise = mixture.denoiser(path)
        self.noise = gaussian_quantiles(SAMPLES)
        self.figure = Figure(figsize=(7.6, 3.6), layout="constrained")
        self.left, self.right = self.figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        density_over_time(self.left, mixture, path, -reach, reach)
        x = torch.linspace(-reach, reach, 301, dtype=torch.float64)
        self.right.plot(mixture.log_prob(x).exp(), x, color=style.BLACK, label="the data")
        self.right.set(title="samples", xlabel="density", ylim=(-reach, reach))
        style.clean(self.right)
        self.left.set_title(" ")
        freeze(self.figure)
        self.edges = torch.linspace(-reach, reach, 61).numpy()
        self.moving: list = []

    def draw(self, sampler: str, steps: int, eta: float, start: int) -> Iterator[Drawing | None]:
        chosen = samplers.get(sampler)
        options: dict = {"eta": eta} if sampler == "ddim" else {}
        stochastic = eta > 0 if sampler == "ddim" else not chosen.info.deterministic
        if stochastic:
            options["generator"] = torch.Generator().manual_seed(start)
        times = self.path.grid(steps)
        states = [State(times[0], self.noise * self.path.prior_std, None)]
        for state in chosen(self.denoise, states[0].x, self.path, times, **options):
            states.append(state)
            yield None
        error = wasserstein_1(states[-1].x, self.mixture)
        self._redraw(states, sampler, start)
        name = style.label(sampler) + (f", eta = {eta:g}" if sampler == "ddim" else "")
        yield Drawing(
            png(self.figure),
            f"{name}, {steps} steps, {chosen.info.nfe(times, self.path)} evaluations: "
            f"on average a sample would have to move by {error:.3f} to follow the data",
        )

    def _redraw(self, states: list[State], sampler: str, start: int) -> None:
        for artist in self.moving:
            artist.remove()
        every = SAMPLES // PATHS_SHOWN
        rows = (torch.arange(PATHS_SHOWN) * every + every // 2 + 7 * start) % SAMPLES
        color = style.look(sampler).color
        x = torch.stack([state.x[rows] for state in states]).numpy()  # [steps + 1, PATHS_SHOWN]
        lines = self.left.plot([s.t for s in states], x, color=color, marker=".", markersize=4, linewidth=1)
        _, _, bars = self.right.hist(
            states[-1].x.numpy(), self.edges, density=True, orientation="horizontal", color=color, alpha=0.5
        )
        self.left.set_title(style.label(sampler))
        self.moving = [*lines, bars]


def image_panel(denoise: Any, *, sampler: str = "ddim", steps: int = 10, count: int = 16) -> Panel:
    """`count` images drawn live by any sampler from a denoiser that has a path and a shape; `start` seeds the noise."""
    path, shape = denoise.path, denoise.shape

    def draw(sampler: str, steps: int, start: int) -> Iterator[Drawing | None]:
        chosen, generator = samplers.get(sampler), torch.Generator().manual_seed(start)
        x, times = path.prior((count, *shape), generator), path.grid(steps)
        options = {} if chosen.info.deterministic else {"generator": generator}
        for state in chosen(denoise, x, path, times, **options):
            x = state.x
            yield None
        evaluations = chosen.info.nfe(times, path)
        words = f"{count} images by {style.label(sampler)}, {steps} steps, {evaluations} evaluations, start {start}"
        yield Drawing(png(image_grid(x, enlarge=max(1, 80 // shape[-1]))), words)

    controls = {
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 30, live=False),
        "start": slider("start", 0, 0, 20, live=False),
    }
    return Panel(draw, controls)


def sampler_menu(chosen: str) -> ipywidgets.Dropdown:
    """All samplers that walk a given grid, by the names that figures use."""
    walking = [(style.label(name), name) for name, one in samplers.ALL.items() if one.info.stages is not None]
    return menu("sampler", walking, chosen)
