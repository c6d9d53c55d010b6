"""A trained network that was changed, by pruning, is trained on for a while: on the data and in the way of its recipe.

for record in fine_tune(without_blocks(denoise, names), recipe, data, images=30_000):
    print(record.loss)
denoise = record.denoiser()
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from torch import nn

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.training.base import DenoiserRecipe
from diffusion_lessons.training.loop import TrainingRecord, train

LEARNING_RATE = 5e-4  # of weights that are trained already: a quarter of that of a beginning


def fine_tune(
    denoise: Denoiser, recipe: DenoiserRecipe, data: Any, images: int, *, seed: int = 0, **options: Any
) -> Iterator[TrainingRecord]:
    """Train the network of a denoiser on for so many images; the denoiser is left as it was.

    recipe: that of its training; its path, its prediction type and its classes must be the denoiser's. data: what the
    recipe is trained on. `options` are those of `train`; a recipe of latents needs its `objective`.

    Raises ValueError for a recipe of another path, and what `train` raises.
    """
    if recipe.make_path() != denoise.path or recipe.predicts != denoise.predicts:
        raise ValueError(
            f"the recipe {recipe.name} trains {recipe.predicts} on {recipe.make_path()}, and this denoiser predicts "
            f"{denoise.predicts} on {denoise.path}: give the recipe that it was trained by"
        )
    network = denoise.unet if isinstance(denoise, CaptionDenoiser) else network_of(denoise)
    kind: Any = type(recipe)

    @dataclass(frozen=True)
    class FineTuning(kind):
        """The same recipe, which begins with this network."""

        def make_network(self, data: Any) -> nn.Module:
            return copy.deepcopy(network).requires_grad_(True).train()

    values = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    tuning = FineTuning(**{**values, "images": images, "learning_rate": LEARNING_RATE, "other_shares": ()})
    return train(tuning, data, seed=seed, **options)
