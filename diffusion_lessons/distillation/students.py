"""The students by name, and how one is trained: find the teacher, start from its weights, minimise the lesson.

for record in train_student(student_recipe("mnist-reflow"), out_dir="runs/mnist-reflow"):
    print(record.step, record.loss)
finish(record, "runs/mnist-reflow")
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from diffusion_lessons import checkpoints
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.distillation.consistency import ConsistencyRecipe
from diffusion_lessons.distillation.progressive import ProgressiveRecipe
from diffusion_lessons.distillation.recipe import StudentRecipe
from diffusion_lessons.distillation.reflow import ReflowRecipe
from diffusion_lessons.machine.fields import check_name, check_value
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training import recipes
from diffusion_lessons.training.base import changed
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.prepared import train_prepared

RUNS = Path("runs")  # where the command line keeps what it trains, and looks for teachers


def _students(of: str) -> list[StudentRecipe]:
    """The students on one data set, in steps and batches of the recipe `of`, whichever recipe trained the teachers."""
    diffusion, flow = recipes.get(of, "diffusion", images=20_000), recipes.get(of, "flow", images=120_000)
    data = diffusion.data
    straight = partial(ReflowRecipe.after, flow)
    halved = partial(ProgressiveRecipe.after, diffusion)
    jumping = partial(ConsistencyRecipe.after, diffusion, teacher=f"{data}-diffusion", images=50_000)
    return [
        straight(f"{data}-reflow", teacher=f"{data}-flow"),
        straight(f"{data}-reflow-2", teacher=f"{data}-reflow"),
        straight(
            f"{data}-reflow-distilled",
            method="reflow_distillation",
            teacher=f"{data}-reflow",
            one_step=True,
            only_these_steps=True,
        ),
        halved(f"{data}-progressive-8", teacher=f"{data}-diffusion", sampling_steps=8),
        *(
            halved(f"{data}-progressive-{n}", teacher=f"{data}-progressive-{2 * n}", sampling_steps=n, images=images)
            for n, images in ((4, 25_000), (2, 35_000), (1, 50_000))  # fewer steps each ask for a larger change
        ),
        jumping(f"{data}-consistency", first_steps=4, last_steps=4),  # few, so that a short training suffices
        jumping(f"{data}-consistency-training", method="consistency_training", last_steps=64),
    ]


def _students_on_photographs() -> list[StudentRecipe]:
    """Those on CIFAR-10, for a quarter of an hour or so of a CPU core: few images, in small batches for many steps."""
    diffusion = recipes.get("cifar10-small", images=25_000, batch=64, other_shares=(), compile=False)
    halved = partial(ProgressiveRecipe.after, diffusion, learning_rate=2e-4)
    return [
        halved("cifar10-progressive-4", teacher="cifar10-diffusion", sampling_steps=4),
        halved("cifar10-progressive-2", teacher="cifar10-progressive-4", sampling_steps=2),
        halved("cifar10-progressive-1", teacher="cifar10-progressive-2", sampling_steps=1, images=40_000),
    ]


_RECIPES = {
    student.name: student for student in (*_students("mnist-small"), *_students("digits"), *_students_on_photographs())
}


def names() -> tuple[str, ...]:
    """The students that `student_recipe` knows; in a chain, teachers come before their students."""
    return tuple(_RECIPES)


def student_recipe(name: str, **changes: Any) -> StudentRecipe:
    """The recipe of this student with any field changed: student_recipe("mnist-reflow", pairs=2_000).

    Raises ValueError for an unknown name or field.
    """
    check_name("student", name, _RECIPES)
    return changed(_RECIPES[name], changes)


def train_student(
    recipe: StudentRecipe,
    data: Data | None = None,
    out_dir: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    seed: int = 0,
    **options: Any,
) -> Iterator[TrainingRecord]:
    """Train a student; yield the Records of `loop.train`, whose options these are: resume, minutes, every, ...

    `data` are the images of the recipe if None. The teacher and the folder are found and checked here; pairs and the
    like are made at the first `next`. Raises what `loop.train` and `load_teacher` raise, and ValueError for a teacher
    that the method cannot use or that has other classes or shapes than the data.
    """
    check_value("recipe", recipe, StudentRecipe)
    check_value("data", data, Data | None)
    processes = Processes.started(device)  # before anything is put on a device: each process has its own
    teacher = load_teacher(recipe.teacher, processes.device)
    student = recipe.taught_by(teacher)
    images = data if data is not None else recipe.load_data()
    if (teacher.shape, teacher.classes) != (images.shape, len(images.classes)):
        raise ValueError(
            f"{recipe.teacher} makes samples of shape {teacher.shape} in {teacher.classes} classes; the images of "
            f"{recipe.name} have shape {images.shape} and {len(images.classes)} classes: use the teacher's own data"
        )
    assert isinstance(teacher.network, nn.Module)
    return train_prepared(
        student,
        lambda folder: student.lesson(teacher, images, folder, seed),
        out_dir,
        processes,
        start=teacher.network,
        device=device,
        seed=seed,
        **options,
    )


def load_teacher(name: str, device: str | torch.device = "cpu") -> Denoiser:
    """A teacher by name: your own of runs/NAME if there is one, else the package's; or any checkpoint by its path.

    Raises FileNotFoundError with the command that makes a missing one.
    """
    return checkpoints.load(find_teacher(name), device)


def find_teacher(name: str) -> Path:
    """The file of which `load_teacher` makes a denoiser. Raises the same FileNotFoundError."""
    check_value("a teacher", name, str | Path)
    own = RUNS / name / f"{name}.safetensors"
    try:
        return cards.find(own if own.is_file() else name)
    except FileNotFoundError as error:
        if name not in _RECIPES:
            raise
        raise FileNotFoundError(
            f"the teacher {name} is not there, neither in {own.parent} nor in the package: make it first with "
            f"`diffusion-lessons distil {name}`, or name another with teacher=... (--set teacher=PATH)"
        ) from error
