"""The panel of few steps: a method, a number of evaluations, and how steep a map the student can draw."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import ipywidgets
import torch
from matplotlib.figure import Figure

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers import DenoiserLike
from diffusion_lessons.figures import style
from diffusion_lessons.figures.noising import density_over_time
from diffusion_lessons.figures.show import png
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.panels.widgets import NAMES, WIDE, freeze, menu
from diffusion_lessons.samplers import State
from diffusion_lessons.toys.distilled import Blurred, progressive_student
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow
from diffusion_lessons.toys.mixtures import GaussianMixture
from diffusion_lessons.toys.one_dimension import gaussian_quantiles, wasserstein_1

STEPS = (1, 2, 4, 8)
TEACHER_STEPS = 8  # of the teacher that progressive distillation halves
SAMPLES, WAYS = 2000, 12
FLOW = schedules.flow()


class Method(NamedTuple):
    """What a panel calls a way to sample, the sampler, and the exact denoiser for a number of steps."""

    name: str
    sampler: str
    student: Callable[[GaussianMixture, int], DenoiserLike]


METHODS = (
    Method("no student: the teacher", "ddim", lambda mixture, steps: mixture.denoiser(FLOW)),
    Method("reflow", "euler", lambda mixture, steps: ReflowedFlow(mixture)),
    Method(
        f"progressive, of a teacher of {TEACHER_STEPS} steps",
        "ddim",
        lambda mixture, steps: progressive_student(mixture.denoiser(FLOW), FLOW, steps, TEACHER_STEPS),
    ),
    Method("consistency", "consistency", lambda mixture, steps: ConsistencyFunction(mixture, FLOW)),
)


def few_steps_panel(mixture: GaussianMixture, *, method: str = "consistency", steps: int = 1) -> Panel:
    """Students of a mixture of numbers on the flow path; with a blur of 0 they are exact."""
    plot = _Plot(mixture)
    blur = ipywidgets.FloatSlider(0.1, min=0.0, max=0.4, step=0.05, description="blur", layout=WIDE, style=NAMES)
    blur.continuous_update = False
    controls = {
        "method": menu("method", [each.name for each in METHODS], method),
        "steps": menu("evaluations", [(str(count), count) for count in STEPS], steps),
        "blur": blur,
    }
    return Panel(plot.draw, controls)


class _Plot:
    """A kept figure: some ways over the density of x_t, and all samples beside the law."""

    def __init__(self, mixture: GaussianMixture, reach: float = 3.0):
        self.mixture, self.noise = mixture, gaussian_quantiles(SAMPLES)
        self.figure = Figure(figsize=(7.6, 3.6), layout="constrained")
        self.left, self.right = self.figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        density_over_time(self.left, mixture, FLOW, -reach, reach)
        x = torch.linspace(-reach, reach, 301, dtype=torch.float64)
        self.right.plot(mixture.log_prob(x).exp(), x, color=style.BLACK)
        self.right.set(title="samples", xlabel="density", ylim=(-reach, reach))
        style.clean(self.right)
        self.left.set_title(" ")
        freeze(self.figure)
        self.edges = torch.linspace(-reach, reach, 61).numpy()
        self.moving: list[Any] = []

    def draw(self, method: str, steps: int, blur: float) -> Iterator[Drawing | None]:
        chosen = next(each for each in METHODS if each.name == method)
        student = Blurred(chosen.student(self.mixture, steps), FLOW, blur)
        options = {} if chosen.sampler != "consistency" else {"generator": torch.Generator().manual_seed(0)}
        states = [State(FLOW.T, self.noise, None)]
        for state in samplers.get(chosen.sampler)(student, self.noise, FLOW, FLOW.grid(steps), **options):
            states.append(state)
            yield None
        self._redraw(states, chosen)
        error = wasserstein_1(states[-1].x, self.mixture)
        times = f"{steps} evaluation{'s' if steps > 1 else ''}"
        words = f"{method}, {times}, blur {blur:g}: on average a sample would have to move by {error:.3f}"
        yield Drawing(png(self.figure), words)

    def _redraw(self, states: list[State], chosen: Method) -> None:
        for artist in self.moving:
            artist.remove()
        color, every = style.look(chosen.sampler).color, SAMPLES // WAYS
        x = torch.stack([state.x[every // 2 :: every] for state in states]).numpy()  # [steps + 1, ways]
        lines = self.left.plot([state.t for state in states], x, color=color, marker=".", markersize=5, linewidth=1)
        _, _, bars = self.right.hist(
            states[-1].x.numpy(), self.edges, density=True, orientation="horizontal", color=color, alpha=0.5
        )
        self.left.set_title(chosen.name)
        self.moving = [*lines, bars]
