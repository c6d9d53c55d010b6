"""Networks of the table that have to be trained: pruned ones trained on, and small ones from the start.

A pruned network that is trained on and a small one that is trained from the start can be given the same images or the
same minutes. Both are measured: a small network learns from more images in a minute.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.benchmark.measure import clock_of
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.metrics.evaluator import data_of
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.techniques import Techniques, apply
from diffusion_lessons.sampling import device_of, is_latent
from diffusion_lessons.training import recipes
from diffusion_lessons.training.base import DenoiserRecipe
from diffusion_lessons.training.captions import recipes as parts
from diffusion_lessons.training.captions.parts import find_needs, prepare
from diffusion_lessons.training.captions.recipes import LatentRecipe
from diffusion_lessons.training.captions.scenery import LatentScenes
from diffusion_lessons.training.fine_tuning import fine_tune
from diffusion_lessons.training.loop import train

TRAINED = 15_000  # images of a fine-tuning, and of the small network that is trained from the start
SHARE = 0.25  # of the channels
RANKING = 64  # images by which blocks are ranked
UPDATES = 8  # of each network, timed in turn after one that does not count
FROM_THE_START = "a small network from the start"
AS_LONG = "in the same minutes"  # as the pruned network is trained on; without it, on as many images

Say = Callable[[str], None]


def weights_of(denoise: Denoiser, techniques: Techniques, say: Say, data: Path | None = None) -> dict[str, Tensor]:
    """Weights of a network that is pruned, and trained on by the recipe of its parent if the techniques say so.

    Here as below, `data` is a folder that holds the recipe's images, in place of a download.
    """
    pruned = _pruned(denoise, techniques)
    if techniques.trained:
        say(f"training on for {techniques.trained:,} images: {', '.join(techniques.words)}")
        recipe, images, options = lessons_of(denoise, data)
        *_, record = fine_tune(pruned, recipe, images, techniques.trained, **options)
        pruned = record.denoiser()
    return dict(network_of(pruned).state_dict())


def lessons_of(denoise: Denoiser, data: Path | None = None) -> tuple[DenoiserRecipe, Any, dict[str, Any]]:
    """What a checkpoint was trained by: its recipe, what it learned from, and the further options of `train`.

    Of a network that is told in words these are the latents of TRAINED scenes, drawn anew.
    """
    recipe = recipe_of(denoise)
    if not isinstance(recipe, LatentRecipe):
        return recipe, images_of(denoise, data), {}
    scenes = _latents(recipe.name, TRAINED)
    return recipe, scenes, {"objective": recipe.objective(scenes)}


@cache
def _latents(name: str, count: int) -> LatentScenes:
    """So many scenes as a recipe's autoencoder sees them, drawn and encoded once in a process."""
    recipe = parts.get(name, cached=count)
    scenes = prepare(recipe, find_needs(recipe))
    assert isinstance(scenes, LatentScenes)
    return scenes


def ranking_images(denoise: Denoiser, most: int = RANKING, data: Path | None = None) -> tuple[Tensor, Tensor]:
    """Training images in equal distances, by which blocks and heads are ranked, and their labels.

    For a network that is told in words: latents of the scenes that ship, and the sentences about them.
    """
    device = device_of(denoise)
    if isinstance(denoise, CaptionDenoiser):
        world = load_sample()
        pictures, told = world.pictures[:most].to(device), denoise.read_condition(world.sentences[:most])
        return denoise.encode(pictures), told.to(device)
    images = images_of(denoise, data)
    count = min(most, len(images))
    x0, labels = images.batch(torch.arange(count) * (len(images) // count))
    return x0.to(device), labels.to(device)


def images_of(denoise: Denoiser, data: Path | None = None) -> Data:
    """The images that a checkpoint was trained on, from its data set or from a folder that holds them.

    Raises ValueError for a folder where its recipe draws or spoils its own images.
    """
    if data is None:
        return load_data(data_of(denoise))
    if is_latent(denoise):
        raise ValueError("a network that is told in words learns from scenes of MNIST's strokes: leave --data out")
    recipe = recipe_of(denoise)
    return _pictures(recipe.name, recipe.kind, data)


@cache
def _pictures(name: str, kind: recipes.Kind, folder: Path) -> Data:
    """A recipe's images in a folder, decoded once in a process."""
    return recipes.get(name, kind).load_data(folder)


def recipe_of(denoise: Denoiser) -> Any:
    """The recipe by which a checkpoint was trained, by its card, without compiling: it takes longer than so few images.

    Raises ValueError where there is none of that name.
    """
    entry = (denoise.card or {}).get("recipe", {})
    if is_latent(denoise):
        return parts.get(str(entry.get("name")), compile=False)
    return recipes.get(str(entry.get("name")), entry.get("kind", "diffusion"), compile=False)


def small_from_the_start(
    denoise: Denoiser, file: Path, say: Say, count: int | None = None, data: Path | None = None
) -> Path:
    """A network as thin as the pruned one, trained from the start; the file's, if it is of this network.

    count: of images, as many as `images_in_the_time_of` says; by default TRAINED, as many as the pruned network was
        trained on.
    """
    card, words = denoise.card or {}, [FROM_THE_START] + [AS_LONG] * (count is not None)
    if not file.with_suffix(".safetensors").is_file() or cards.read_card(file).get("parent_sha256") != card["sha256"]:
        whole, images, options = lessons_of(denoise, data)
        recipe = small_recipe(whole, count or TRAINED)
        say(f"training a small network from the start on {recipe.images:,} images")
        *_, record = train(recipe, images, **options)
        assert record.run is not None
        record.run.save_checkpoint(file, recipe.ema_share, parent_sha256=card["sha256"], techniques=words)
    return file


def small_recipe(recipe: Any, images: int) -> Any:
    """A checkpoint's recipe with SHARE fewer features at each level, for so many images."""
    widths = tuple(round(width * (1 - SHARE)) for width in recipe.network.widths)
    return replace(recipe, images=images, network=replace(recipe.network, widths=widths))


def images_in_the_time_of(denoise: Denoiser, techniques: Techniques, data: Path | None = None) -> int:
    """From how many images the small network learns while the pruned one is trained on for TRAINED: whole batches.

    UPDATES of both are timed in turn, on a CPU by the processor's clock, so that a busy machine favours neither.
    """
    (recipe, images, options), device = lessons_of(denoise, data), device_of(denoise)
    clock = clock_of("processor" if device.type == "cpu" else "wall", device)
    options |= {"every": 1, "device": device}
    runs = [
        fine_tune(_pruned(denoise, techniques), recipe, images, (UPDATES + 2) * recipe.batch, **options),
        train(small_recipe(recipe, (UPDATES + 2) * recipe.batch), images, **options),
    ]
    seconds: list[list[float]] = [[], []]
    for turn in range(UPDATES + 1):
        for records, mine in zip(runs, seconds, strict=True):
            began = clock()
            next(records)
            mine += [clock() - began] * bool(turn)
    longer = statistics.median(seconds[0]) / statistics.median(seconds[1])
    return max(1, round(TRAINED * longer / recipe.batch)) * recipe.batch


def _pruned(denoise: Denoiser, techniques: Techniques) -> Denoiser:
    return apply(denoise, Techniques(blocks=techniques.blocks, heads=techniques.heads, channels=techniques.channels))
