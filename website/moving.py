"""The panels of the lessons that move on the site, as each lesson makes them, and the positions that are drawn."""

from collections.abc import Callable
from typing import Any, NamedTuple

from diffusion_lessons import checkpoints, data, panels, schedules, toys
from diffusion_lessons.benchmark import techniques
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.denoisers import clip, condition_on
from diffusion_lessons.figures.diffusion.clinic import MEASUREMENTS
from diffusion_lessons.metrics import features
from diffusion_lessons.panels.panel import Panel
from diffusion_lessons.sampling import generate
from diffusion_lessons.toys.convergence import MIXTURE
from website.playground import clusters


class Moving(NamedTuple):
    """A panel and the positions of its controls that are drawn; the others stay where they are."""

    make: Callable[[], Panel]
    positions: dict[str, list[Any]]


def uneven() -> toys.GaussianMixture:
    """The two clusters of lesson 16."""
    return toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4], weights=[0.3, 0.7])


def few_digits() -> Panel:
    images = data.load_data("digits").images.double()
    return panels.image_panel(toys.point_masses(images[:300]).denoiser(schedules.ddpm_linear()), steps=10)


def noising() -> Panel:
    digits = generate(checkpoints.load("mnist-diffusion"), 16, labels=range(10), steps=20, seed=2)[-1].x
    return panels.noising_panel(digits, [schedules.ddpm_linear(), schedules.cosine()], start=15)


def ancestral() -> Panel:
    denoise = clip(condition_on(checkpoints.load("mnist-diffusion"), [k % 10 for k in range(16)]))
    return panels.image_panel(denoise, sampler="ddpm", steps=10, variance="small", grid="trailing")


def plane() -> toys.ConditionalMixture:
    """Three classes in the plane, as lesson 07 has them."""
    return toys.ConditionalMixture(
        [
            toys.GaussianMixture([[-1.2, 0.2], [-0.4, 1.2]], stds=[0.45, 0.35]),
            toys.GaussianMixture([[1.0, 0.6]], stds=0.6),
            toys.GaussianMixture([[0.0, -1.2]], stds=0.5),
        ]
    )


def near() -> toys.ConditionalMixture:
    """Three classes that touch, as lesson 08 has them."""
    means = ([0.0, 0.0], [1.4, 0.4], [-1.3, -0.7])
    return toys.ConditionalMixture([toys.GaussianMixture([mean], stds=0.6) for mean in means])


def frontier() -> Panel:
    table = panels.comparable("mnist-small-diffusion")
    return panels.frontier_panel(table[table.nfe > 1], checkpoints.load("mnist-small-diffusion"))


def prompts() -> Panel:
    judge, contrastive = checkpoints.captions.load_judge(), checkpoints.captions.load_contrastive()
    return panels.prompt_panel(checkpoints.load("captions-diffusion"), judge, contrastive)


def flows() -> Panel:
    paths = [schedules.flow(), schedules.cosine(), schedules.ddpm_linear()]
    return panels.flow_panel(MIXTURE, paths)


STEPS = [1, 2, 3, 5, 10, 20, 50]
SAMPLERS = ["ddim", "ddpm", "dpm_solver_pp_2m"]
BUDGETS = [12, 16, 24, 48, 100]

# Of each lesson its panels in their order; one that asks its reader, as lesson 13's study does, stays as it is.
MOVING: dict[str, list[Moving | None]] = {
    "00_start_here": [Moving(few_digits, {"sampler": SAMPLERS, "steps": [1, 2, 5, 10, 30]})],
    "01_noise": [Moving(noising, {"percent": list(range(0, 101, 5)), "schedule": ["linear", "cosine"]})],
    "02_training": [
        Moving(lambda: panels.answers_panel(clusters(), schedules.ddpm_linear()), {"t": [1, 50, 150, 400, 999]})
    ],
    "03_ddpm": [Moving(ancestral, {"steps": [2, 5, 10, 30], "variance": ["small", "large"]})],
    "04_ddim": [
        Moving(
            lambda: panels.sampler_panel(clusters(), schedules.ddpm_linear()),
            {"sampler": SAMPLERS, "steps": STEPS},
        )
    ],
    "05_solvers": [
        Moving(
            lambda: panels.order_panel(schedules.ddpm_linear()),
            {"second": ["dpm_solver_pp_2m", "heun", "rk4"], "budget": BUDGETS},
        )
    ],
    "05b_orders": [
        Moving(
            lambda: panels.order_panel(
                schedules.ddpm_linear(), first="dpm_solver_pp_3m", second="ddim", grid="trailing"
            ),
            {"grid": ["trailing", "logsnr", "karras"], "budget": BUDGETS},
        )
    ],
    "06_flow": [Moving(flows, {"schedule": ["flow", "cosine", "linear"], "steps": [1, 2, 4, 8, 16, 30]})],
    "07_guidance": [
        Moving(
            lambda: panels.field_panel(plane(), schedules.cosine(), scale=4.0),
            {"scale": [0.0, 1.0, 2.0, 4.0, 6.0, 10.0], "label": [0, 1, 2]},
        ),
        Moving(
            lambda: panels.digit_panel(checkpoints.load("mnist-diffusion"), digit=4, scale=3.0),
            {"scale": [0.0, 1.0, 2.0, 3.0, 6.0, 15.0], "digit": [1, 4, 8]},
        ),
    ],
    "08_negative": [
        Moving(
            lambda: panels.field_panel(near(), schedules.ddpm_linear(), scale=2.0, negative=1),
            {"scale": [0.0, 1.0, 2.0, 4.0, 8.0], "percent": [10, 50, 90]},
        ),
        Moving(
            lambda: panels.digit_panel(checkpoints.load("mnist-diffusion"), digit=4, negative=9, scale=2.0),
            {"scale": [1.0, 2.0, 4.0, 8.0], "negative": [None, 9]},
        ),
    ],
    "09_measuring": [
        Moving(
            lambda: panels.floor_panel(*(features.reference("mnist", split) for split in ("train", "test"))),
            {"count": [150, 500, 1000, 5000], "percent": [0, 20, 50, 100]},
        )
    ],
    "10_frontier": [Moving(frontier, {"budget": [2, 5, 10, 20, 50]})],
    "11_few_steps": [
        Moving(
            lambda: panels.few_steps_panel(clusters()),
            {"method": ["no student: the teacher", "reflow", "consistency"], "steps": [1, 2, 4, 8]},
        )
    ],
    "12_faster": [
        Moving(
            lambda: panels.techniques_panel(techniques.shipped_techniques("mnist-small-diffusion"), int8=True),
            {"int8": [False, True], "placed": [False, True], "steps": [5, 10], "batch": [1, 25]},
        )
    ],
    "13_text_to_image": [None, Moving(prompts, {"scale": [1.0, 2.0, 4.0, 8.0], "ink": [None, 0, 1, 2]})],
    "14_cifar10": [
        Moving(
            lambda: panels.digit_panel(checkpoints.load("cifar10-diffusion"), digit=8, scale=2.0),
            {"scale": [1.0, 2.0, 4.0], "digit": [0, 3, 7, 8]},
        )
    ],
    "15_real_systems": [
        Moving(
            lambda: panels.table_panel(schedules.cosine(), sampler="dpm_solver_pp_2m", steps=8),
            {"sampler": ["dpm_solver_pp_2m", "ddim", "dpm_solver_pp_3m", "heun"], "steps": [2, 4, 8, 12, 20]},
        )
    ],
    "16_one_picture": [
        Moving(
            lambda: panels.noise_panel(uneven(), schedules.cosine(), noise=1.0, steps=40),
            {"noise": [0.0, 0.5, 1.0, 2.0, 4.0], "steps": [10, 40, 160]},
        )
    ],
    "17_debugging": [
        Moving(
            lambda: panels.clinic_panel(fault="wrong_alpha"),
            {"patient": list(FAULTS), "measurement": list(MEASUREMENTS)},
        )
    ],
}
