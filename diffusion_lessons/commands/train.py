"""Training as a person follows it: a progress bar, pictures of samples as they get better, and how to go on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.figures.images import image_grid, save_picture
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.sampling import generate
from diffusion_lessons.training import loop, recipes
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.recipes import Kind, Recipe

ON_CPU = {"mnist": "mnist-small"}  # the same network and images, in batches and for as long as suits a few cores
BAR = "{desc} |{bar:20}| step {n_fmt}/{total_fmt}{postfix}"
PICTURE = "samples.png"


def choose_recipe(
    what: str, kind: Kind = "diffusion", size: int | None = None, device: str | None = None, **changes: Any
) -> tuple[Recipe, Data]:
    """The recipe of this name and its images, or one made for the images of this folder.

    A recipe for a GPU gives way to its small sister on a CPU, where large batches would learn nothing for an hour.
    """
    if what in ON_CPU and choose_device(device).type == "cpu":
        print(f"on a CPU, {what} is trained as {ON_CPU[what]}", file=sys.stderr)
        what = ON_CPU[what]
    if what in recipes.names():
        recipe = recipes.get(what, kind, **changes)
        return recipe, recipe.load_data(size=size)
    if not Path(what).expanduser().is_dir():
        raise ValueError(f"{what!r} is neither a recipe ({', '.join(recipes.names())}) nor a folder of images")
    images = load_data(Path(what), size=size)
    return recipes.for_data(images, kind, **changes), images


def train_and_show(
    recipe: Recipe,
    data: Data,
    out: Path,
    *,
    train: Callable[..., Iterator[TrainingRecord]] = loop.train,
    seed: int = 0,
    picture_every: float = 30.0,
    **options: Any,
) -> Path | None:
    """Train and show it: loss, images per second, time left, and `out`/samples.png every so many seconds.

    `train` makes the records: `loop.train`, or `students.train_student` for a student's recipe; `options` are its own.
    Ctrl-C leaves a state in `out`, from which resume=True goes on. Writes the checkpoint into `out` and returns its
    path, or None in all processes but the first.
    """
    records = train(recipe, data, out, seed=seed, **options)
    record, shown = None, time.monotonic()
    with closing(records), tqdm(total=recipe.steps, desc=recipe.name, bar_format=BAR) as bar:  # type: ignore[type-var]
        for record in records:
            bar.total, bar.n, bar.disable = record.steps, record.step, bar.disable or not record.main
            bar.set_postfix_str(_status(record))
            if record.main and time.monotonic() - shown > picture_every:
                _picture(record, out)
                shown = time.monotonic()
    if record is None:
        raise ValueError(f"the run in {out} has already seen all its images; delete its state, or use another folder")
    file = loop.finish(record, out)
    if file is not None:
        _picture(record, out)
        print(f"{file}: trained on {record.images:,} images, last loss {record.loss:.4f}", file=sys.stderr)
        how = " ".join(f"--{name} {value}" for name, value in recipe.picture.items())
        print(f"try: diffusion-lessons sample --checkpoint {file.with_suffix('')} {how}", file=sys.stderr)
    return file


def _status(record: TrainingRecord) -> str:
    left = tqdm.format_interval(record.seconds_left)
    return f"loss {record.loss:.4f}, {record.images_per_second:,.0f} images/s, {left} left"


def _picture(record: TrainingRecord, out: Path) -> None:
    """Four rows of samples, one column a class (at most ten), by the recipe's sampler."""
    assert record.run is not None
    denoise = record.denoiser()
    columns = min(denoise.classes or 8, 10)
    labels = list(range(columns)) if denoise.classes else None
    states = generate(denoise, 4 * columns, labels=labels, device=record.run.device, **record.run.recipe.picture)
    save_picture(image_grid(states[-1].x, columns), out / PICTURE)
