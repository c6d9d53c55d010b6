"""`diffusion-lessons train` and `distil`: a progress bar, pictures of samples on the way, and a way to resume."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.distillation import students
from diffusion_lessons.figures.images import image_grid, save_picture
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.sampling import generate
from diffusion_lessons.training import loop, recipes
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.recipes import Kind, Recipe

# recipes for a GPU, and those that replace them on a CPU: smaller networks and batches, fewer images
ON_CPU = {"mnist": "mnist-small", "cifar10": "cifar10-small"}
BAR = "{desc} |{bar:20}| step {n_fmt}/{total_fmt}{postfix}"
PICTURE = "samples.png"


def train(
    what: str,
    kind: Kind = "diffusion",
    *,
    out: Path | None = None,
    size: int | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path | None:
    """Train a recipe, or a network for a folder of images, by default in runs/NAME-KIND; `train_and_show` does it."""
    recipe, data = choose_recipe(what, kind, size, device, changes)
    return train_and_show(recipe, data, out or Path("runs") / f"{recipe.name}-{recipe.kind}", device=device, **options)


def distil(
    name: str, *, out: Path | None = None, changes: Mapping[str, Any] | None = None, **options: Any
) -> Path | None:
    """Train a student from its teacher, by default in runs/NAME; `train_and_show` does it."""
    recipe = recipes.changed(students.student_recipe(name), dict(changes or {}))
    folder = out or students.RUNS / name
    return train_and_show(recipe, recipe.load_data(), folder, records_of=students.train_student, **options)


def choose_recipe(
    what: str,
    kind: Kind = "diffusion",
    size: int | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> tuple[Recipe, Data]:
    """The recipe of this name and its images, or one made for the images of this folder, with some fields changed.

    On a CPU a recipe for a GPU is replaced by its small version: large batches would take an hour to learn anything.

    Raises ValueError for a name that is neither, for an unknown field, and for `kind` among the changes.
    """
    fields = dict(changes or {})
    if "kind" in fields:
        raise ValueError(f"the kind decides more than one field: give --kind {fields['kind']} instead of --set")
    gpu = choose_device(device).type != "cpu"
    if what in ON_CPU and not gpu:
        print(f"on a CPU, {what} is trained as {ON_CPU[what]}", file=sys.stderr)
        what = ON_CPU[what]
    if what in recipes.names():
        recipe = recipes.changed(recipes.get(what, kind), fields)
        return recipe, recipe.load_data(size=size)
    if not Path(what).expanduser().is_dir():
        raise ValueError(f"{what!r} is neither a recipe ({', '.join(recipes.names())}) nor a folder of images")
    images = load_data(Path(what), size=size)
    return recipes.changed(recipes.for_data(images, kind, gpu=gpu), fields), images


def train_and_show(
    recipe: Recipe,
    data: Data,
    out: Path,
    *,
    records_of: Callable[..., Iterator[TrainingRecord]] = loop.train,
    seed: int = 0,
    picture_every: float = 30.0,
    **options: Any,
) -> Path | None:
    """Train with a progress bar (loss, images per second, time left) and a picture, `out`/samples.png.

    The picture is drawn anew every `picture_every` seconds.
    `records_of` trains: `loop.train`, or `students.train_student` for a student's recipe; `options` are its own.
    Ctrl-C leaves a state in `out`, from which resume=True goes on. Writes the checkpoint into `out` and returns its
    path, or None in all processes but the first.
    """
    records = records_of(recipe, data, out, seed=seed, **options)
    record, last_picture = None, time.monotonic()
    with closing(records), tqdm(total=recipe.steps, desc=recipe.name, bar_format=BAR) as bar:  # type: ignore[type-var]
        for record in records:
            bar.total, bar.n, bar.disable = record.steps, record.step, bar.disable or not record.main
            bar.set_postfix_str(_status(record))
            if record.main and time.monotonic() - last_picture > picture_every:
                _picture(record, out)
                last_picture = time.monotonic()
    if record is None:
        raise ValueError(
            f"the run in {out} has already been trained on all its images; delete its state, or use another folder"
        )
    file = loop.finish(record, out)
    if file is not None:
        _picture(record, out)
        print(f"{file}: trained on {record.images:,} images, last loss {record.loss:.4f}", file=sys.stderr)
        how = f"--sampler {recipe.picture.sampler} --steps {recipe.picture.steps}"
        print(f"try: diffusion-lessons sample --checkpoint {file.with_suffix('')} {how}", file=sys.stderr)
    return file


def _status(record: TrainingRecord) -> str:
    remaining = tqdm.format_interval(record.seconds_left)
    return f"loss {record.loss:.4f}, {record.images_per_second:,.0f} images/s, {remaining} left"


def _picture(record: TrainingRecord, out: Path) -> None:
    """Four rows of samples, one column a class (at most ten), by the recipe's sampler."""
    assert record.run is not None
    denoise = record.denoiser()
    columns = min(denoise.classes or 8, 10)
    labels = list(range(columns)) if denoise.classes else None
    states = generate(denoise, 4 * columns, record.run.recipe.picture, labels=labels)
    save_picture(image_grid(states[-1].x, columns), out / PICTURE)
