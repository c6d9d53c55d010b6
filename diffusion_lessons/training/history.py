"""How a training run went, for those who have no GPU to repeat it on: its loss, and what the network drew on the way.

    python -m diffusion_lessons.training.history digits --out runs/digits-run
    python -m diffusion_lessons.training.history cifar10-small --data ./cifar10 --out runs/cifar10-run

It trains the recipe as `diffusion-lessons train` does and leaves in the folder the checkpoint, `NAME-training.json`
(the loss against images seen) and `NAME-training.png` (twenty samples a moment, always from the same noise). The course
ships both of `cifar10-diffusion`.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.data import Data, to_pixels, to_unit
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import check_writable, read_json, write_atomically
from diffusion_lessons.sampling import Settings, generate
from diffusion_lessons.training import recipes
from diffusion_lessons.training.loop import finish, train
from diffusion_lessons.training.recipes import Recipe

ENDING = "-training"
MOMENTS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the run, at which samples are drawn
COLUMNS = 20  # samples at each moment
POINTS = 300  # of the curve
DRAWN_BY = Settings("ddim", 20)


class TrainingRun(NamedTuple):
    """A run as it went.

    recipe    as its card has it
    device    on which it ran
    curve     [images seen, mean loss since the point before, seconds of training so far] of each point
    moments   images seen when samples were drawn
    pictures  what the average of the weights drew then, float32 [moments, COLUMNS, C, H, W] in [-1, 1]
    others    curves of other runs of the recipe, of which nothing else is kept, by images seen
    """

    recipe: dict[str, Any]
    device: str
    curve: list[list[float]]
    moments: list[int]
    pictures: Tensor
    others: dict[str, list[list[float]]]

    @property
    def images_per_second(self) -> float:
        """Of the whole run."""
        images, _, seconds = self.curve[-1]
        return images / seconds


def record(
    recipe: Recipe, data: Data, out: Path, *, command: str | None = None, progress: bool = True, **options: Any
) -> TrainingRun:
    """Train, and keep the checkpoint and the run in the folder `out`; `options` are those of `train`.

    Raises as `train` does.
    """
    file = out / f"{recipe.checkpoint}{ENDING}.json"
    check_writable(file)
    waiting = sorted({max(1, round(recipe.steps * share)) for share in MOMENTS})
    curve: list[list[float]] = []
    moments, drawn = [], []
    with tqdm(total=recipe.steps, desc=recipe.name, disable=not progress or None) as bar:
        for at in train(recipe, data, out, every=max(1, recipe.steps // POINTS), **options):
            bar.update(at.step - bar.n)
            curve.append([at.images, round(at.loss, 6), round(at.seconds, 2)])
            if waiting and at.step >= waiting[0]:
                waiting = [step for step in waiting if step > at.step]
                classes = range(len(data.classes))
                x = generate(at.denoiser(), COLUMNS, DRAWN_BY, labels=classes, seed=0)[-1].x
                moments.append(at.images)
                drawn.append(to_pixels(x).cpu())
    finish(at, out, command=command)
    assert at.run is not None
    run = TrainingRun(recipe.card(), str(at.run.device), curve, moments, to_unit(torch.stack(drawn)), {})
    write(file, run)
    return run


def write(file: Path, run: TrainingRun) -> None:
    """Keep a run: the curve as JSON, the samples as a PNG beside it, a row a moment."""
    moments, columns, channels, height, width = run.pictures.shape
    pixels = to_pixels(run.pictures).permute(0, 3, 1, 4, 2).reshape(moments * height, columns * width, channels)
    picture = pixels.numpy() if channels == 3 else pixels[:, :, 0].numpy()
    Image.fromarray(np.ascontiguousarray(picture)).save(file.with_suffix(".png"), optimize=True)
    write_atomically(file, (_json(run) + "\n").encode())


def read(name: str = "cifar10-diffusion") -> TrainingRun:
    """The run of a shipped checkpoint, or of a file `NAME-training.json`.

    Raises FileNotFoundError where none is kept, ValueError for a damaged one.
    """
    file = Path(name) if name.endswith(".json") else places.measurements() / f"{name}{ENDING}.json"
    if not file.is_file() or not file.with_suffix(".png").is_file():
        raise FileNotFoundError(
            f"how {name} was trained was not kept: there is no {file.name} with its picture in {file.parent}"
        )
    content = read_json(file)
    try:
        shape, moments = content.pop("shape"), content["moments"]
        with Image.open(file.with_suffix(".png")) as picture:
            pixels = torch.from_numpy(np.array(picture)).reshape(len(moments), shape[1], COLUMNS, shape[2], shape[0])
        return TrainingRun(**content, pictures=to_unit(pixels.permute(0, 2, 4, 1, 3)))
    except (KeyError, TypeError, RuntimeError, OSError) as error:
        raise ValueError(f"{file} does not hold how a network was trained ({error}): make it again") from error


def _json(run: TrainingRun) -> str:
    """Points on lines of their own."""
    parts = {name: value for name, value in run._asdict().items() if name != "pictures"}
    parts["shape"] = list(run.pictures.shape[2:])
    text = json.dumps(parts, default=str)
    return text.replace("], [", "],\n[")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="such as cifar10-small")
    parser.add_argument("--kind", default="diffusion", choices=("diffusion", "flow"))
    parser.add_argument("--data", type=Path, help="a folder with the recipe's images, instead of a download")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the run")
    parser.add_argument("--device")
    parser.add_argument("--images", type=int, help="instead of the recipe's")
    given = parser.parse_args(arguments)
    recipe = recipes.get(given.recipe, given.kind, **({"images": given.images} if given.images else {}))
    run = record(recipe, recipe.load_data(given.data), given.out, device=given.device)
    print(f"{run.curve[-1][0]:,} images, {run.images_per_second:,.0f} a second; kept in {given.out}")


if __name__ == "__main__":
    main()
