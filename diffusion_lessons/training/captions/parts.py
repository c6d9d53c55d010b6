"""How a part of the text-to-image system is trained: find what it needs, prepare what it sees, and run the loop.

for record in train_part(recipes.get("captions-judge"), out_dir="runs/captions-judge"):
    print(record.step, record.loss)
finish(record, "runs/captions-judge")
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import entries_of, load_autoencoder, load_contrastive
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.data.captions.strokes import load_strokes
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training import loop
from diffusion_lessons.training.batches import mixed
from diffusion_lessons.training.captions.recipes import LatentRecipe, PartRecipe
from diffusion_lessons.training.captions.scenery import LatentScenes, Scenery, encode_scenes
from diffusion_lessons.training.folder import claim
from diffusion_lessons.training.loop import TrainingRecord

LATENTS = "latents.safetensors"


def train_part(
    recipe: PartRecipe,
    data: Scenery | LatentScenes | None = None,
    out_dir: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    **options: Any,
) -> Iterator[TrainingRecord]:
    """Train one part; yield the records of `loop.train`, whose options these are: resume, minutes, every, ...

    data: `prepare(recipe)` if None, which is made at the first `next`: handwriting is read from MNIST, and the latents
    that a denoiser learns from are kept in out_dir. The parts that it needs and the folder are looked for here.

    Raises what `loop.train` raises, and FileNotFoundError for a part that has to be trained before.
    """
    files = find_needs(recipe, out_dir) if data is None else {}
    folder, processes = Path(out_dir).absolute() if out_dir is not None else None, Processes.started(device)
    held: AbstractContextManager[Any] = nullcontext()
    if folder is not None and processes.rank == 0:
        held = claim(folder, recipe, resume=resume, overwrite=overwrite)
    options = {"device": device, "seed": seed, "resume": resume, "overwrite": overwrite, **options}
    return _train(recipe, data, folder, files, processes, held, options)


def _train(
    recipe: PartRecipe,
    data: Scenery | LatentScenes | None,
    folder: Path | None,
    files: dict[str, Path],
    processes: Processes,
    held: AbstractContextManager[Any],
    options: dict[str, Any],
) -> Iterator[TrainingRecord]:
    with held:
        if data is None:
            with processes.first_alone():  # the latents that it keeps in the folder, the others find there
                data = prepare(recipe, files, folder, options["seed"])
        yield from loop.train(recipe, data, folder, objective=recipe.objective(data), **options)


def find_needs(recipe: PartRecipe, out_dir: str | Path | None = None) -> dict[str, Path]:
    """The files of the parts that this one needs: in folders of their own beside out_dir, or else the package's.

    Raises FileNotFoundError, with the command that makes it, for one that is not there.
    """
    runs = Path(out_dir).absolute().parent if out_dir is not None else Path("runs")
    files = {}
    for part, name in recipe.needs.items():
        own = runs / name / f"{name}.safetensors"
        try:
            files[part] = cards.find(own if own.is_file() else name)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{recipe.name} needs {name}, which is neither in {own.parent} nor in the package: make it first with "
                f"`diffusion-lessons train {name}`"
            ) from error
    return files


def prepare(
    recipe: PartRecipe, files: dict[str, Path], folder: Path | None = None, seed: int = 0
) -> Scenery | LatentScenes:
    """What the part is trained on: handwriting of MNIST's training digits, or the latents of scenes drawn with it."""
    if not isinstance(recipe, LatentRecipe):
        return Scenery(load_strokes("train"))
    parts = entries_of(files)
    text, autoencoder = load_contrastive(files["text"]).text, load_autoencoder(files["autoencoder"])
    origin = {"autoencoder_sha256": parts["autoencoder"]["sha256"], "count": recipe.cached, "seed": seed}
    file = folder / LATENTS if folder is not None else None
    if file is not None and file.is_file():
        tensors, card = cards.read(file, tuple(origin))
        if changed := [key for key, value in origin.items() if card[key] != value]:
            raise ValueError(f"{file} holds other latents ({', '.join(changed)}): delete it, or use another folder")
    else:
        generator = torch.Generator().manual_seed(mixed(seed, 7, 1))
        latents, scenes = encode_scenes(autoencoder, load_strokes("train"), recipe.cached, generator)
        tensors = {"latents": latents, "scenes": scenes.stacked().to(torch.uint8)}
        if file is not None:
            cards.write(file, tensors, origin)
    drawn = Scenes(*tensors["scenes"].long().T.contiguous())
    return LatentScenes(tensors["latents"].half(), drawn, text, autoencoder, parts)
