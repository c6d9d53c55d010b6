"""How a part of the text-to-image system is trained: find what it needs, prepare what it sees, and run the loop.

for record in train_part(recipes.get("captions-judge"), out_dir="runs/captions-judge"):
    print(record.step, record.loss)
finish(record, "runs/captions-judge")
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import entries_of, load_autoencoder, load_contrastive
from diffusion_lessons.data.captions.scenes import Scenes
from diffusion_lessons.data.captions.strokes import load_strokes
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.batches import mixed
from diffusion_lessons.training.captions.recipes import LatentRecipe, PartRecipe
from diffusion_lessons.training.captions.scenery import LatentScenes, Scenery, encode_scenes
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.prepared import train_prepared
from diffusion_lessons.training.step import Objective

LATENTS = "latents.safetensors"


def train_part(
    recipe: PartRecipe,
    data: Scenery | LatentScenes | None = None,
    out_dir: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    seed: int = 0,
    **options: Any,
) -> Iterator[TrainingRecord]:
    """Train one part; yield the records of `loop.train`, whose options these are: resume, minutes, every, ...

    data: `prepare(recipe)` if None, which is made at the first `next`: handwriting is read from MNIST, and the latents
    that a denoiser learns from are kept in out_dir. The parts that it needs and the folder are looked for here.

    Raises what `loop.train` raises, and FileNotFoundError for a part that has to be trained before.
    """
    files = find_needs(recipe, out_dir) if data is None else {}
    processes = Processes.started(device)

    def prepared(folder: Path | None) -> tuple[Scenery | LatentScenes, Objective]:
        seen = data if data is not None else prepare(recipe, files, folder, seed, processes.device)
        return seen, recipe.objective(seen)

    return train_prepared(recipe, prepared, out_dir, processes, device=device, seed=seed, **options)


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
    recipe: PartRecipe,
    files: dict[str, Path],
    folder: Path | None = None,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Scenery | LatentScenes:
    """What the part is trained on: handwriting of MNIST's training digits, or the latents of scenes drawn with it.

    The latents are computed on `device`, and lie on the CPU.
    """
    if not isinstance(recipe, LatentRecipe):
        return Scenery(load_strokes("train"))
    parts = entries_of(files)
    text, autoencoder = load_contrastive(files["text"]).text, load_autoencoder(files["autoencoder"], device)
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
