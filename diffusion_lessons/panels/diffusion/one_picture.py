"""The panel of the knob for noise: one reverse process, from the ODE to Langevin churn, exact or with a flaw."""

from collections.abc import Iterator

import torch

from diffusion_lessons.figures import style
from diffusion_lessons.panels.controls import decimal_slider, menu, slider
from diffusion_lessons.panels.diffusion.sampling import SamplesPlot, some
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, states
from diffusion_lessons.toys.imperfect import Flawed
from diffusion_lessons.toys.mixtures import GaussianMixture

STEPS = ("exponential_sde", "euler_maruyama")
MOST_NOISE, MOST_STEPS, MOST_FLAW = 4.0, 200, 0.4
TRAJECTORIES = 12  # drawn


def noise_panel(mixture: GaussianMixture, path: Path, *, noise: float = 1.0, steps: int = 20) -> Panel:
    """Numbers of a mixture drawn by the reverse process with this much noise, k, in steps that are even in lambda.

    `flaw` is the size of an error in the denoiser (`toys.Flawed`); at 0 it is exact.
    """
    plot = SamplesPlot(mixture, path)

    def draw(noise: float, steps: int, step: str, flaw: float) -> Iterator[Drawing | None]:
        denoise = Flawed(mixture.denoiser(path), path, flaw)
        settings = Settings(step, steps, "logsnr", {"noise": noise}, limit=None)
        generator = torch.Generator().manual_seed(0)
        run = [State(settings.times(path)[0], plot.noise * path.prior_std, None)]
        for state in states(denoise, run[0].x, settings, generator=generator):
            run.append(state)
            yield None
        title = f"{style.label(step)}, k = {noise:g}"
        picture = plot.redraw(run, style.look(step).color, title, some(TRAJECTORIES))
        found = plot.distance(run[-1].x, by_chance=noise > 0)
        yield Drawing(picture, f"{title}, {style.count(steps, 'step')}, flaw {flaw:g}: {found}")

    controls = {
        "noise": decimal_slider("noise k", noise, MOST_NOISE, 0.25),
        "steps": slider("steps", steps, 4, MOST_STEPS, 4, live=False),
        "step": menu("step", [(style.label(name), name) for name in STEPS]),
        "flaw": decimal_slider("flaw", 0.0, MOST_FLAW, 0.05),
    }
    return Panel(draw, controls)
