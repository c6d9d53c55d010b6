"""`diffusion-lessons train` and `distil`: a progress bar, pictures of samples on the way, and a way to resume."""

import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import CARDS, Data, known_name, load_data
from diffusion_lessons.distillation import students
from diffusion_lessons.figures.pictures.images import image_grid, save_picture
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.sampling import generate, pictures
from diffusion_lessons.training import loop, recipes
from diffusion_lessons.training.base import as_text, changed
from diffusion_lessons.training.captions import recipes as captions_recipes
from diffusion_lessons.training.captions.parts import train_part
from diffusion_lessons.training.captions.recipes import PartRecipe
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.recipes import Kind, Recipe

# recipes for a GPU, and those that replace them on a CPU: smaller networks and batches, fewer images
ON_CPU = {"mnist": "mnist-small", "cifar10": "cifar10-small"}
BAR = "{desc} |{bar:20}| step {n_fmt}/{total_fmt}{postfix}"
PICTURE = "samples.png"
PROMPTS = [  # of the samples of a text-to-image system, a column each
    "a red seven",
    "a thick blue three",
    "a green two leaning right",
    "a thin orange zero on white",
    "a smudged five",
    "a purple four and a red square",
    "a cyan nine and a blue disc",
    "",
]


def train(
    what: str,
    kind: Kind = "diffusion",
    *,
    out: Path | None = None,
    size: int | None = None,
    data: Path | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path | None:
    """Train a recipe, or a network for a folder of images, by default in runs/NAME-KIND; `train_and_show` does it.

    data: a folder that holds the recipe's images as pictures, in place of torchvision's download.

    A part of the text-to-image system is trained by default in runs/NAME, where those that need it look for it.
    """
    if what in captions_recipes.names():
        if data is not None:
            raise ValueError(f"{what} draws its own scenes from MNIST's strokes: leave --data out")
        return _train_part(what, kind, out=out, size=size, device=device, changes=changes, **options)
    recipe, images = choose_recipe(what, kind, size, device, changes, data)
    folder = out or Path("runs") / f"{recipe.name}-{recipe.kind}"
    what, on = _recipe_on(what, device), device or choose_device(None).type  # both decide which recipe it is
    given = {"kind": kind if kind != "diffusion" else None, "size": size, "data": data, "out": out, **options}
    given["device"] = device if what in recipes.names() else on
    return train_and_show(
        recipe, images, folder, command=command("train", what, changes, **given), device=device, **options
    )


def _train_part(
    name: str,
    kind: Kind,
    *,
    out: Path | None,
    size: int | None,
    device: str | None,
    changes: Mapping[str, Any] | None,
    **options: Any,
) -> Path | None:
    if kind != "diffusion" or size is not None:
        raise ValueError(f"{name} has one kind and one size: leave --kind and --size out (captions-flow is the flow)")
    recipe = captions_recipes.get(name, **dict(changes or {}))
    given = command("train", name, changes, out=out, device=device, **options)
    folder = out or Path("runs") / name
    return train_and_show(recipe, None, folder, records_of=train_part, command=given, device=device, **options)


def distil(
    name: str,
    *,
    out: Path | None = None,
    data: Path | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
    **options: Any,
) -> Path | None:
    """Train a student from its teacher, by default in runs/NAME; `train_and_show` does it.

    data: a folder that holds the recipe's images as pictures, in place of torchvision's download; they are resized to
    what the teacher makes.

    Raises ValueError for an unknown name or field, and for images that are not of the teacher's classes;
    FileNotFoundError, with the command that makes it, where the teacher is missing.
    """
    recipe = changed(students.student_recipe(name), dict(changes or {}))
    teacher = students.find_teacher(recipe.teacher)
    print(f"the teacher is {teacher}", file=sys.stderr)
    size = cards.read_card(teacher)["shape"][-1] if data is not None else None
    given = command("distil", name, changes, data=data, out=out, device=device, **options)
    return train_and_show(
        recipe,
        recipe.load_data(data, size=size),
        out or students.RUNS / name,
        records_of=students.train_student,
        command=given,
        device=device,
        **options,
    )


def command(verb: str, what: str, changes: Mapping[str, Any] | None, **options: Any) -> str:
    """The command line that trains this from its beginning, quoted for a shell."""
    words = ["diffusion-lessons", verb, what]
    for name, value in options.items():
        if value is not None and (name, value) != ("precision", "auto") and name not in ("resume", "overwrite"):
            words += [f"--{name}", str(value)]
    for name, value in (changes or {}).items():
        words += ["--set", f"{name}={as_text(value)}"]
    return shlex.join(words)


def choose_recipe(
    what: str,
    kind: Kind = "diffusion",
    size: int | None = None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
    folder: Path | None = None,
) -> tuple[Recipe, Data]:
    """The recipe of this name and its images, or one made for a data set or a folder of images; some fields changed.

    folder: where the images of the named recipe lie as pictures, which are then known by the recipe's name.
    On a CPU a recipe for a GPU is replaced by its small version: large batches would take an hour to learn anything.

    Raises ValueError for a name that is neither, for an unknown field, for `kind` among the changes, and for a folder
    beside what is no recipe.
    """
    fields = dict(changes or {})
    if "kind" in fields:
        raise ValueError(f"the kind decides more than one field: give --kind {fields['kind']} instead of --set")
    gpu = choose_device(device).type != "cpu"
    if (smaller := _recipe_on(what, device)) in ON_CPU.values() and smaller != what:
        print(f"on a CPU, {what} is trained as {smaller}", file=sys.stderr)
    what = smaller
    if what in recipes.names():
        recipe = changed(recipes.get(what, kind), fields)
        return recipe, _images_of(recipe, folder, size)
    if folder is not None:
        raise ValueError(f"--data says where the images of a recipe lie, and {what!r} is none: leave it out")
    named = known_name(what)
    if named is None and not places.expanded(what).is_dir():
        known = ", ".join([*recipes.names(), *captions_recipes.names()])
        raise ValueError(
            f"{what!r} is neither a recipe ({known}), nor a data set ({', '.join(CARDS)}), nor a folder of images"
        )
    images = load_data(named or Path(what), size=size)
    recipe = recipes.for_data(images, kind, gpu=gpu)
    if not gpu and (larger := recipes.for_data(images, kind, gpu=True)) != recipe:
        print(
            f"on a CPU the recipe ends in about an hour of one core: {recipe.images:,} images through a network of "
            f"widths {recipe.network.widths}; a GPU (--device cuda) would see {larger.images:,} through one of "
            f"{larger.network.widths}",
            file=sys.stderr,
        )
    return changed(recipe, fields), images


def _images_of(recipe: Recipe, folder: Path | None, size: int | None) -> Data:
    try:
        return recipe.load_data(folder, size=size)
    except ConnectionError as error:
        raise ConnectionError(
            f"{error} Or, where you have its pictures as files, give their folder: --data FOLDER, with "
            "FOLDER/train/CLASS/*.png"
        ) from error


def _recipe_on(what: str, device: str | None) -> str:
    """The recipe that is meant, in any spelling of its data set, or its small sister on a CPU; else `what` itself."""
    named = known_name(what)
    what = named if named in recipes.names() else what
    return what if choose_device(device).type != "cpu" else ON_CPU.get(what, what)


def train_and_show(
    recipe: Recipe | PartRecipe,
    data: Data | None,
    out: Path,
    *,
    records_of: Callable[..., Iterator[TrainingRecord]] = loop.train,
    command: str | None = None,
    seed: int = 0,
    picture_every: float = 30.0,
    **options: Any,
) -> Path | None:
    """Train with a progress bar (loss, images per second, time left) and a picture, `out`/samples.png.

    The picture is drawn anew every `picture_every` seconds.
    `records_of` trains: `loop.train`, or `students.train_student` for a student's recipe; `options` are its own.
    `command` goes into the card.
    Ctrl-C, or the SIGTERM of a machine that shuts down and of a job's time limit, leaves a state in `out`, from which
    resume=True goes on. Writes the checkpoint into `out` and returns its
    path, or None in all processes but the first.
    """
    records = records_of(recipe, data, out, seed=seed, **options)
    record, last_picture = None, time.monotonic()
    with (
        _terminated_as_by_ctrl_c(),
        closing(records),  # type: ignore[type-var]
        tqdm(total=recipe.steps, desc=recipe.name, bar_format=BAR) as bar,
    ):
        for record in records:
            bar.total, bar.n, bar.disable = record.steps, record.step, bar.disable or not record.main
            bar.set_postfix_str(_status(record))
            if record.main and time.monotonic() - last_picture > picture_every:
                _picture(record, out)
                last_picture = time.monotonic()
    assert record is not None  # a run has at least one
    file = loop.finish(record, out, command=command)
    if file is not None:
        _picture(record, out)
        print(f"{file}: trained on {record.images:,} images, last loss {record.loss:.4f}", file=sys.stderr)
        if recipe.picture is None:
            return file
        how = f"--sampler {recipe.picture.sampler} --steps {recipe.picture.steps}"
        print(
            f"try: diffusion-lessons sample --checkpoint {shlex.quote(str(file.with_suffix('')))} {how}",
            file=sys.stderr,
        )
    return file


@contextmanager
def _terminated_as_by_ctrl_c() -> Iterator[None]:
    """In the block SIGTERM ends the process as Ctrl-C does, so that what was trained is saved."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers are set in the main thread only
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _status(record: TrainingRecord) -> str:
    remaining = tqdm.format_interval(record.seconds_left)
    return f"loss {record.loss:.4f}, {record.images_per_second:,.0f} images/s, {remaining} left"


def _picture(record: TrainingRecord, out: Path) -> None:
    """Four rows of samples, one column a class (at most ten) or a sentence, by the recipe's sampler, if it has one."""
    assert record.run is not None
    settings = record.run.recipe.picture
    if settings is None:
        return
    denoise = record.denoiser()
    columns = min(denoise.classes or 8, 10)
    labels = list(range(columns)) if denoise.classes else PROMPTS if denoise.null is not None else None
    states = generate(denoise, 4 * columns, settings, labels=labels)
    made = pictures(denoise, states[-1].x)
    save_picture(image_grid(made, columns, outlined=made.shape[1] == 3), out / PICTURE)
