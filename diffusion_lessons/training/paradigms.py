"""Training the three miniatures of `networks.paradigms` on small grey images, each in a minute of one core."""

import time
from collections.abc import Callable
from typing import NamedTuple

import torch

from diffusion_lessons.data import Data
from diffusion_lessons.networks.paradigms import Adversarial, Autoregressive, Paradigm, Variational

BATCH = 128


class Fit(NamedTuple):
    """A trained model and what it cost: images that it saw, and seconds of one CPU core."""

    model: Paradigm
    images: int
    seconds: float


class Recipe(NamedTuple):
    """Which model, for how many steps, and Adam's rate at the first of them, from which it falls to 0 in a line."""

    network: Callable[..., Paradigm]
    steps: int
    rate: float


RECIPES = {
    "autoregressive": Recipe(Autoregressive, 800, 2e-3),
    "variational": Recipe(Variational, 1000, 2e-3),
    "adversarial": Recipe(Adversarial, 4000, 5e-4),
}


def fit(recipe: Recipe, data: Data, *, seed: int = 0) -> Fit:
    """Train a model on all classes of the data, in batches drawn with replacement."""
    began, generator = time.process_time(), torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the first weights
        model = recipe.network(tuple(data.images.shape[1:]), data.images.unique())
    optimizers = [torch.optim.Adam(part.parameters(), lr=recipe.rate, betas=(0.5, 0.99)) for part in model.parts()]
    falls = [torch.optim.lr_scheduler.LinearLR(one, 1.0, 0.0, recipe.steps) for one in optimizers]
    for _ in range(recipe.steps):
        images, labels = data.batch(torch.randint(len(data), (BATCH,), generator=generator))
        for number, (optimizer, fall) in enumerate(zip(optimizers, falls, strict=True)):
            loss = model.losses(images, labels, generator)[number]  # the generator's is taken after the critic's step
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            fall.step()
    return Fit(model.eval(), BATCH * recipe.steps, time.process_time() - began)
