"""The panel of few steps: a method, a number of evaluations, and how steep a map the student can draw."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch

from diffusion_lessons import schedules
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.figures import style
from diffusion_lessons.panels.controls import decimal_slider, menu
from diffusion_lessons.panels.diffusion.sampling import SamplesPlot, some
from diffusion_lessons.panels.panel import Drawing, Panel
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, states
from diffusion_lessons.toys.distilled import Blurred, progressive_student
from diffusion_lessons.toys.flow_map import ConsistencyFunction, ReflowedFlow
from diffusion_lessons.toys.mixtures import GaussianMixture

STEPS = (1, 2, 4, 8)
TEACHER_STEPS = 8  # of the teacher that progressive distillation halves
TRAJECTORIES = 12  # drawn
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
    """Students of a mixture of numbers on the flow path; with a blur of 0 they are exact.

    The consistency sampler draws noise from its second evaluation on: what exact samples score then stands beside it.
    """
    plot = SamplesPlot(mixture, FLOW)

    def draw(method: str, steps: int, blur: float) -> Iterator[Drawing | None]:
        chosen = next(one for one in METHODS if one.name == method)
        student = Blurred(chosen.student(mixture, steps), FLOW, blur)
        settings, generator = Settings(chosen.sampler, steps, limit=None), torch.Generator().manual_seed(0)
        run = [State(FLOW.T, plot.noise, None)]
        for state in states(student, plot.noise, settings, generator=generator):
            run.append(state)
            yield None
        picture = plot.redraw(run, style.look(chosen.sampler).color, chosen.name, some(TRAJECTORIES))
        found = plot.distance(run[-1].x, by_chance=settings.adds_noise and steps > 1)
        yield Drawing(picture, f"{method}, {style.count(steps, 'evaluation')}, blur {blur:g}: {found}")

    controls = {
        "method": menu("method", [one.name for one in METHODS], method),
        "steps": menu("evaluations", [(str(count), count) for count in STEPS], steps),
        "blur": decimal_slider("blur", 0.1, 0.4, 0.05),
    }
    return Panel(draw, controls)
