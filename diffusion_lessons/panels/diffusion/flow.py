"""The panel of paths: one mixture, one solver, and the schedule that joins noise to data is what you change."""

from collections.abc import Iterator, Sequence

import torch

from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.figures import style
from diffusion_lessons.figures.diffusion.noising import path_label
from diffusion_lessons.figures.diffusion.trajectories import draw_plane
from diffusion_lessons.figures.pictures.display import freeze
from diffusion_lessons.panels.controls import menu, slider
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, states
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.mixtures import GaussianMixture

SOLVERS = ("euler", "ddim", "heun", "dpm_solver_pp_2m")
POINTS = 80


def flow_panel(mixture: GaussianMixture, paths: Sequence[Path], *, sampler: str = "euler", steps: int = 4) -> Panel:
    """Points of a mixture in the plane, carried from noise to data on one of the paths, on a grid even in time."""
    plot = _Plane(mixture, paths)
    controls = {
        "schedule": menu("path", list(plot.paths)),
        "sampler": menu("solver", [(style.label(name), name) for name in SOLVERS], sampler),
        "steps": slider("steps", steps, 1, 30, live=False),
    }
    return Panel(plot.draw, controls)


class _Plane:
    """A kept figure: the density, the trajectories of all points as one line, their ends, and where they should end."""

    def __init__(self, mixture: GaussianMixture, paths: Sequence[Path], reach: float = 2.6):
        self.mixture, self.paths = mixture, {path_label(path): path for path in paths}
        self.figure, self.axes = style.axes("Where few steps lead", "", "", size=(5.4, 5.0))
        draw_plane(self.axes, mixture, reach)
        (self.lines,) = self.axes.plot([], [], linewidth=0.7, alpha=0.7)
        (self.exact,) = self.axes.plot([], [], "o", color=style.BLACK, markersize=3, label="exact ends")
        (self.ends,) = self.axes.plot([], [], "o", markersize=4.5, label="ends of the steps")
        freeze(self.figure)
        self.noise = torch.randn(POINTS, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        self.solved: dict[str, torch.Tensor] = {}

    def _exact(self, name: str) -> torch.Tensor:
        if name not in self.solved:
            path = self.paths[name]
            x = self.noise * path.prior_std
            self.solved[name] = exact_flow(self.mixture.denoiser(path), x, path, (path.T, 0.0), 1e-6)[-1].x
        return self.solved[name]

    def draw(self, schedule: str, sampler: str, steps: int) -> Iterator[Drawing | None]:
        path, exact = self.paths[schedule], self._exact(schedule)
        denoise = count_calls(self.mixture.denoiser(path))
        run = [State(path.T, self.noise * path.prior_std, None)]
        for state in states(denoise, run[0].x, Settings(sampler, steps, limit=None)):
            run.append(state)
            yield None
        error = (run[-1].x - exact).square().mean().sqrt().item()
        x = torch.stack([state.x for state in run])  # [steps + 1, POINTS, 2]
        gaps = torch.full((1, POINTS, 2), float("nan"), dtype=x.dtype)  # lift the pen between two trajectories
        lines = torch.cat([x, gaps]).transpose(0, 1).reshape(-1, 2)
        color = style.look(sampler).color
        for artist, points in ((self.lines, lines), (self.ends, x[-1]), (self.exact, exact)):
            artist.set_data(*points.T.numpy())
        self.lines.set_color(color)
        self.ends.set_color(color)
        self.axes.legend(frameon=False, loc="upper left", fontsize=9)  # made again: it keeps the colours of its making
        cost = f"{style.count(steps, 'step')}, {style.count(denoise.nfe, 'evaluation')}"
        words = f"{schedule} path, {style.label(sampler)}, {cost}: the samples are off by {error:.3f}"
        yield Drawing(self.figure, words)
