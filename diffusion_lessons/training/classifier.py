"""Training the classifiers that measure samples: a short supervised loop, as a generator of records.

`diffusion-lessons classifier` trains one on the command line.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data
from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig


@dataclass(frozen=True)
class ClassifierRecipe:
    """A network, and how it learns.

    epochs, batch, peak  passes over the data, images a step, and the learning rate's highest point
    decay                weight decay
    shift, turn, zoom    each training image is moved by up to `shift` pixels, turned by up to `turn` degrees and
                         scaled by up to `zoom` (a share) before every use
    flip                 half of the images, chosen at random, are mirrored
    padding              what stands beyond the border: "zeros" (background) or "reflection"
    """

    config: ClassifierConfig
    epochs: int
    batch: int = 128
    peak: float = 4e-3
    decay: float = 0.02
    shift: float = 2.0
    turn: float = 12.0
    zoom: float = 0.1
    flip: bool = False
    padding: Literal["zeros", "reflection"] = "zeros"

    def __post_init__(self) -> None:
        check_fields(
            self,
            epochs=(1, 10**6),
            batch=(1, 10**9),
            peak=(1e-30, 1e38),
            decay=(0, 1e3),
            shift=(0, 1e4),
            turn=(0, 360),
            zoom=(0, 0.99),
        )


RECIPES = {
    "digits": ClassifierRecipe(ClassifierConfig(blocks=1), epochs=60, shift=0.75),
    "mnist": ClassifierRecipe(ClassifierConfig(stride=2), epochs=10),
    "cifar10": ClassifierRecipe(
        ClassifierConfig(channels=3, widths=(48, 96, 192)),
        epochs=50,
        batch=512,
        decay=0.05,
        shift=4.0,
        flip=True,
        padding="reflection",
    ),
    "cifar10-small": ClassifierRecipe(  # half an hour of one CPU core; cifar10 is for a GPU
        ClassifierConfig(channels=3, widths=(64, 128, 192), stride=2),
        epochs=15,
        turn=5.0,
        flip=True,
        padding="reflection",
    ),
}


def recipe_for(data: Data, name: str | None = None) -> ClassifierRecipe:
    """The recipe of this name, or a data set's own, or that of the set nearest in shape; with the data's classes.

    Raises ValueError for an unknown name.
    """
    if name is not None and name not in RECIPES:
        raise ValueError(f"unknown recipe {name!r} of a classifier; the recipes are {', '.join(RECIPES)}")
    channels, *sides = data.shape
    nearest = "digits" if max(sides) <= 12 else "cifar10" if channels == 3 else "mnist"
    recipe = RECIPES[name] if name else RECIPES.get(data.card["name"], RECIPES[nearest])
    return replace(recipe, config=replace(recipe.config, channels=channels, classes=len(data.classes)))


class StepRecord(NamedTuple):
    """What is known after one step of training."""

    step: int  # 1 .. steps
    steps: int
    loss: float
    learning_rate: float
    images: int  # seen so far
    images_per_second: float


def train_classifier(
    network: Classifier, data: Data, recipe: ClassifierRecipe, *, seed: int = 0, bf16: bool = False
) -> Iterator[StepRecord]:
    """Minimise cross-entropy with AdamW; yield a `StepRecord` after each step. The network trains where `data` lives.

    The learning rate rises to `recipe.peak` over the first fifth of the steps and falls to zero, both linearly.
    bf16: compute in bfloat16 where that is safe (weights stay float32): about twice as fast on recent CPUs and GPUs.
    """
    device = data.pixels.device
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.peak, weight_decay=recipe.decay)
    steps = recipe.epochs * math.ceil(len(data) / recipe.batch)
    step = images = 0
    seconds = 0.0
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(data), generator=generator).split(recipe.batch):
            began = time.perf_counter()
            step += 1
            rate = recipe.peak * min(1.0, step / (0.2 * steps), (steps - step + 1) / (0.8 * steps))
            for group in optimizer.param_groups:
                group["lr"] = rate
            x, labels = data.batch(rows)
            x = augment(x, recipe, generator)
            network.train()
            with torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext():
                logits = network(x)
            loss = F.cross_entropy(logits.float(), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            images += len(rows)
            value = loss.item()  # waits for the device, so that the clock below is right
            seconds += time.perf_counter() - began  # without what the caller does between two records
            yield StepRecord(step, steps, value, rate, images, images / seconds)
    network.eval()


def augment(x: Tensor, recipe: ClassifierRecipe, generator: torch.Generator) -> Tensor:
    """Move, turn, scale and flip each image [B, C, H, W] of a batch by amounts of its own, in one resampling."""
    B, _, H, W = x.shape
    u = 2 * torch.rand(5, B, generator=generator) - 1  # [5, B], each in [-1, 1)
    angle = math.radians(recipe.turn) * u[0]
    scale = 1 + recipe.zoom * u[1]
    mirror = torch.where(u[2] < 0, -1.0, 1.0) if recipe.flip else torch.ones(B)
    cos, sin = scale * angle.cos(), scale * angle.sin()
    # Rows of the map from output to input positions; affine_grid counts the image's half side as 1.
    rows = [mirror * cos, -sin, 2 * recipe.shift / W * u[3], mirror * sin, cos, 2 * recipe.shift / H * u[4]]
    theta = torch.stack(rows, dim=1).reshape(B, 2, 3)  # [B, 2, 3]
    grid = F.affine_grid(theta.to(x.device), list(x.shape), align_corners=False)  # [B, H, W, 2]
    # Sampling x + 1 makes zero, which is what lies beyond the border, mean background.
    return F.grid_sample(x + 1, grid, padding_mode=recipe.padding, align_corners=False) - 1


@torch.no_grad()
def accuracy(network: Classifier, data: Data, batch: int = 500) -> float:
    """Share of images whose label is the network's first choice. Leaves the network in evaluation mode."""
    network.eval()
    right = 0
    for rows in torch.arange(len(data)).split(batch):
        x, labels = data.batch(rows)
        right += int((network(x).argmax(dim=1) == labels).sum())
    return right / len(data)


def load_classifier(name_or_path: str | Path, device: str | torch.device = "cpu") -> Classifier:
    """A classifier ready for use, such as "mnist-classifier"; it carries its `.card`.

    Raises FileNotFoundError for a missing file, ValueError for one that is damaged or no classifier.
    """
    network, card = cards.load_network(name_or_path, Classifier, device)
    network.card = card
    return network
