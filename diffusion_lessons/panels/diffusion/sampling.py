"""The panels of sampling: any sampler on numbers whose denoiser is exact, and on the images of any denoiser."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import density_over_time
from diffusion_lessons.figures.pictures.display import freeze
from diffusion_lessons.figures.pictures.images import image_grid
from diffusion_lessons.figures.quality.frontier import label
from diffusion_lessons.panels.controls import decimal_slider, menu, quietly, sampler_menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, device_of, states
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1

SAMPLES, TRAJECTORIES = 20_000, 16  # of numbers: counted, and drawn
GRIDS = ("trailing", "leading", "quadratic")
FLOORS = 20  # draws of exact samples that say what chance alone scores


def sampler_panel(mixture: GaussianMixture, path: Path, *, sampler: str = "ddim", steps: int = 10) -> Panel:
    """Any sampler on a mixture of numbers whose denoiser is exact: its trajectories, and how far its samples are off.

    `eta` acts on DDIM only. All samplers start alike, from 20,000 numbers spread evenly over N(0, 1), of which a few
    are drawn: `start` says which, and seeds the noise of a stochastic sampler. Where noise is drawn, the words also say
    what as many exact samples score, which no sampler can be asked to beat.
    """
    plot, denoise = SamplesPlot(mixture, path), mixture.denoiser(path)

    def draw(sampler: str, steps: int, eta: float, start: int) -> Iterator[Drawing | None]:
        settings = Settings(sampler, steps, options={"eta": eta} if sampler == "ddim" else {}, limit=None)
        times, generator = settings.times(path), torch.Generator().manual_seed(start)
        run = [State(times[0], plot.noise * path.prior_std, None)]
        for state in states(denoise, run[0].x, settings, generator=generator):
            run.append(state)
            yield None
        picture = plot.redraw(run, style.look(sampler).color, style.label(sampler), some(TRAJECTORIES, start))
        name = style.label(sampler) + (f", eta = {eta:g}" if sampler == "ddim" else "")
        yield Drawing(
            picture, f"{name}, {cost(settings, path)}: {plot.distance(run[-1].x, by_chance=settings.adds_noise)}"
        )

    controls = {
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 50, live=False),
        "eta": decimal_slider("eta", 0.0, 1.0, 0.1),
        "start": slider("start", 0, 0, 20),
    }
    _only_of("ddim", controls["eta"], controls["sampler"])
    return Panel(draw, controls)


def cost(settings: Settings, path: Path) -> str:
    """ "10 steps, 20 evaluations", of a sampler that walks a given grid."""
    evaluations = samplers.get(settings.sampler).info.nfe(settings.times(path), path)
    assert evaluations is not None, "the menu has no sampler that chooses its own times"
    return f"{style.count(settings.steps, 'step')}, {style.count(evaluations, 'evaluation')}"


class SamplesPlot:
    """A kept figure: some trajectories over the density of x_t, and all samples beside the density of the data."""

    def __init__(self, mixture: GaussianMixture, path: Path, reach: float = 3.0):
        self.noise, self.mixture = gaussian_quantiles(SAMPLES), mixture
        self.figure = Figure(figsize=(7.6, 3.6), layout="constrained")
        self.left, self.right = self.figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        density_over_time(self.left, mixture, path, -reach, reach)
        x = torch.linspace(-reach, reach, 301, dtype=torch.float64)
        self.right.plot(mixture.log_prob(x).exp(), x, color=style.BLACK, label="the data")
        most = 2.5 * float(mixture.log_prob(x).exp().max())  # fixed: the data's own curve keeps its size
        self.right.set(title="samples", xlabel="density", ylim=(-reach, reach), xlim=(0, most))
        style.clean(self.right)
        self.left.set_title(" ")
        freeze(self.figure)
        self.edges = torch.linspace(-reach, reach, 61).numpy()
        self.moving: list = []

    @cached_property
    def floor(self) -> tuple[float, float]:
        """The least and the greatest distance of FLOORS draws of exact samples, as many as the panel counts."""
        generator = torch.Generator().manual_seed(0)
        draws = [self.mixture.sample(SAMPLES, generator, torch.float64) for _ in range(FLOORS)]
        distances = [wasserstein_1(x, self.mixture) for x in draws]
        return min(distances), max(distances)

    def distance(self, x: Tensor, *, by_chance: bool) -> str:
        """How far samples x are from the data in words; if drawn by chance, beside what exact samples score."""
        words = f"the Wasserstein-1 distance to the data is {wasserstein_1(x, self.mixture):.3f}"
        low, high = self.floor if by_chance else (0.0, 0.0)
        return words + (f" (as many exact samples score {low:.3f} to {high:.3f})" if by_chance else "")

    def redraw(self, states: Sequence[State], color: str, title: str, rows: Tensor) -> Figure:
        """The figure with other trajectories, those in these rows of the States, and all their samples."""
        for artist in self.moving:
            artist.remove()
        x = torch.stack([state.x[rows] for state in states]).numpy()  # [steps + 1, len(rows)]
        lines = self.left.plot([s.t for s in states], x, color=color, marker=".", markersize=4, linewidth=1)
        _, _, bars = self.right.hist(
            states[-1].x.numpy(), self.edges, density=True, orientation="horizontal", color=color, alpha=0.5
        )
        self.left.set_title(title)
        self.moving = [*lines, bars]
        return self.figure


def some(count: int, shift: int = 0) -> Tensor:
    """`count` rows spread evenly over all samples; another `shift` gives others."""
    every = SAMPLES // count
    return (torch.arange(count) * every + every // 2 + 7 * shift) % SAMPLES


def image_panel(
    denoise: Any, *, sampler: str = "ddim", steps: int = 10, count: int = 16, variance: str = "", grid: str = ""
) -> Panel:
    """`count` images drawn live by any sampler from a denoiser that has a path and a shape; `start` seeds the noise.

    With a `variance` and a `grid` there are menus of both; the variance is DDPM's. Where a grid starts below the path's
    end, on a state that is no pure noise, the words say so.
    """
    path, shape = denoise.path, denoise.shape

    def draw(
        sampler: str, steps: int, start: int, variance: str = "", grid: str = "trailing"
    ) -> Iterator[Drawing | None]:
        options = {"variance": variance} if variance and sampler == "ddpm" else {}
        settings = Settings(sampler, steps, spacing=grid, options=options, limit=None)
        generator = torch.Generator().manual_seed(start)
        x = path.prior((count, *shape), generator, device=device_of(denoise))
        with quietly():  # of where the grid starts: the words say it
            run = states(denoise, x, settings, generator=generator)
        for state in run:
            x = state.x
            yield None
        words = f"{count} images by {label(settings)}, {cost(settings, path)}, start {start}"
        if (first := settings.times(path)[0]) < path.T:
            words += f"; this grid starts at t = {first:g}, where pure noise is not what the network expects"
        yield Drawing(image_grid(x, enlarge=max(1, 80 // shape[-1])), words)

    controls = {
        "sampler": sampler_menu(sampler),
        "steps": slider("steps", steps, 1, 30, live=False),
        "start": slider("start", 0, 0, 20, live=False),
    }
    if variance:
        controls["variance"] = menu("variance", ["small", "large"], variance)
        _only_of("ddpm", controls["variance"], controls["sampler"])
    if grid:
        controls["grid"] = menu("grid", GRIDS, grid)
    return Panel(draw, controls)


def _only_of(sampler: str, control: Any, samplers: Any) -> None:
    """The control cannot be moved while the menu of samplers stands at another one."""

    def follow(change: Any) -> None:
        control.disabled = change["new"] != sampler

    samplers.observe(follow, names="value")
    follow({"new": samplers.value})
