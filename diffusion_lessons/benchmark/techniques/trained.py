"""Networks of the table that have to be trained: pruned ones trained on, and small ones from the start.

A pruned network that is trained on and a small one that is trained from the start can be given the same images or the
same minutes. Both are measured: a small network learns from more images in a minute.
"""

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from diffusion_lessons.benchmark.measure import clock_of
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.metrics.evaluator import data_of
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.techniques import Techniques, apply
from diffusion_lessons.sampling import device_of
from diffusion_lessons.training import recipes
from diffusion_lessons.training.fine_tuning import fine_tune
from diffusion_lessons.training.loop import train

TRAINED = 15_000  # images of a fine-tuning, and of the small network that is trained from the start
SHARE = 0.25  # of the channels
UPDATES = 8  # of each network, timed in turn after one that does not count
FROM_THE_START = "a small network from the start"
AS_LONG = "in the same minutes"  # as the pruned network is trained on; without it, on as many images

Say = Callable[[str], None]


def weights_of(denoise: Denoiser, techniques: Techniques, say: Say) -> dict[str, Tensor]:
    """Weights of a network that is pruned, and trained on by the recipe of its parent if the techniques say so."""
    pruned = _pruned(denoise, techniques)
    if techniques.trained:
        say(f"training on for {techniques.trained:,} images: {', '.join(techniques.words)}")
        *_, record = fine_tune(pruned, recipe_of(denoise), images_of(denoise), techniques.trained)
        pruned = record.denoiser()
    return dict(network_of(pruned).state_dict())


def images_of(denoise: Denoiser) -> Data:
    """The images that a checkpoint learned from, by its card."""
    return load_data(data_of(denoise))


def recipe_of(denoise: Denoiser) -> recipes.Recipe:
    """The recipe by which a checkpoint was trained, by its card, without compiling: it takes longer than so few images.

    Raises ValueError where there is none of that name.
    """
    entry = (denoise.card or {}).get("recipe", {})
    return recipes.get(str(entry.get("name")), entry.get("kind", "diffusion"), compile=False)


def small_from_the_start(denoise: Denoiser, file: Path, say: Say, images: int | None = None) -> Path:
    """A network as thin as the pruned one, trained from the start; the file's, if it is of this network.

    images: as many as `images_in_the_time_of` says; by default TRAINED, those that the pruned network was trained on.
    """
    card, words = denoise.card or {}, [FROM_THE_START] + [AS_LONG] * (images is not None)
    if not file.with_suffix(".safetensors").is_file() or cards.read_card(file).get("parent_sha256") != card["sha256"]:
        recipe = small_recipe(denoise, images or TRAINED)
        say(f"training a small network from the start on {recipe.images:,} images")
        *_, record = train(recipe, images_of(denoise))
        assert record.run is not None
        record.run.save_checkpoint(file, recipe.ema_share, parent_sha256=card["sha256"], techniques=words)
    return file


def small_recipe(denoise: Denoiser, images: int) -> recipes.Recipe:
    """The checkpoint's own recipe with SHARE fewer features at each level, for so many images."""
    recipe = recipe_of(denoise)
    widths = tuple(round(width * (1 - SHARE)) for width in recipe.network.widths)
    return replace(recipe, images=images, network=replace(recipe.network, widths=widths))


def images_in_the_time_of(denoise: Denoiser, techniques: Techniques) -> int:
    """From how many images the small network learns while the pruned one is trained on for TRAINED: whole batches.

    UPDATES of both are timed in turn, on a CPU by the processor's clock, so that a busy machine favours neither.
    """
    data, recipe, device = images_of(denoise), recipe_of(denoise), device_of(denoise)
    clock = clock_of("processor" if device.type == "cpu" else "wall", device)
    options: dict[str, Any] = {"every": 1, "device": device}
    runs = [
        fine_tune(_pruned(denoise, techniques), recipe, data, (UPDATES + 2) * recipe.batch, **options),
        train(small_recipe(denoise, (UPDATES + 2) * recipe.batch), data, **options),
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
