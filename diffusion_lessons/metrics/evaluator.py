"""Who judges samples: real images as features, and the eyes that turn samples into the same features."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.scores import Features, Floors


@dataclass(frozen=True)
class Evaluator:
    """What quality is measured against.

    name         of the features: "mnist features", never "FID"
    sha256       of the network that computes them
    train        reference features of real images, with labels
    held_out     those of real images that stand in for a perfect model: the floor
    features_of  samples [n, ...] and the labels asked for [n] (or None) -> Features
    real_std     standard deviation of all values of real images, or None if those are not at hand
    floors       what held-out images scored so far, so that it is computed once
    """

    name: str
    sha256: str
    train: Features
    held_out: Features
    features_of: Callable[[Tensor, Tensor | None], Features]
    real_std: float | None = None
    floors: Floors = field(default_factory=dict, init=False, repr=False, compare=False)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """n labels to ask for, as frequent as among real images: a class too many is no fault of the model."""
        if self.train.labels is None:
            return None
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randint(len(self.train.labels), (n,), generator=generator)
        return self.train.labels[chosen]


def of_images(name: str = "mnist") -> Evaluator:
    """The evaluator of "digits", "mnist" or "cifar10", from the classifier and the reference features that ship."""
    network = features.classifier(name)

    def see(x: Tensor, labels: Tensor | None) -> Features:
        found = features.features(x.float().clamp(-1, 1), name).cpu()  # seen where x is; distances are for the CPU
        return Features(found, labels, features.probabilities(found, name).argmax(dim=1))

    def real(split: str) -> Features:
        known = features.reference(name, split)
        return Features(known.features, known.labels, features.probabilities(known.features, name).argmax(dim=1))

    real_std = cards.read_card(f"{name}-features")["pixel_std"]
    return Evaluator(f"{name} features", network.card["sha256"], real("train"), real("test"), see, real_std)


def of_points(train: Tensor, held_out: Tensor, name: str = "points") -> Evaluator:
    """The evaluator of toys: points [n, d] are their own features."""
    return Evaluator(
        name, "none", Features(train.flatten(1)), Features(held_out.flatten(1)), lambda x, _: Features(x.flatten(1))
    )
