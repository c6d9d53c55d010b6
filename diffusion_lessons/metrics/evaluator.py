"""What samples are compared with: features of real images, and the function that gives samples the same features."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.proportions import labels_like
from diffusion_lessons.metrics.samples import Features, values_of
from diffusion_lessons.metrics.scores import Floors
from diffusion_lessons.sampling import is_latent


@dataclass(frozen=True)
class Evaluator:
    """What quality is measured against.

    name         of the features: "mnist features", never "FID"
    sha256       of the network that computes them
    train        reference features of real images, with labels
    held_out     those of real images that stand in for a perfect model: the floor
    features_of  samples [n, ...] and the labels asked for [n] (or None) -> Features
    real_std     standard deviation of all values of real images, or None if it is not known
    reference    SHA-256 of what these real images are kept in: distances from another reference are not comparable
    floors       what held-out images scored so far, so that it is computed once
    """

    name: str
    sha256: str
    train: Features
    held_out: Features
    features_of: Callable[[Tensor, Tensor | None], Features]
    real_std: float | None = None
    reference: str = "none"
    floors: Floors = field(default_factory=dict, init=False, repr=False, compare=False)

    def labels(self, n: int, seed: int) -> Tensor | None:
        """n labels to ask for, in the exact proportions of all training images, shuffled; None without classes.

        Drawn at random they would differ by the luck of the draw, which is most of what a distance then measures.
        """
        counts = self.train.counts
        return None if counts is None else labels_like(counts, n, torch.Generator().manual_seed(seed))


def data_of(denoise: Any) -> str:
    """The name of the images that a checkpoint is measured against, from its card.

    Raises ValueError for a card that names none, and for a text-to-image system, which is measured by the truth.
    """
    if is_latent(denoise):
        raise ValueError(
            "a text-to-image system is measured by what its sentences say, not in a classifier's features: "
            "`python -m diffusion_lessons.metrics.captions.report FILE`"
        )
    data = (getattr(denoise, "card", None) or {}).get("data")
    name = data.get("name") if isinstance(data, dict) else data
    if not isinstance(name, str):
        raise ValueError('the card does not name the data of this checkpoint ("data": {"name": ...}): complete it')
    return name


def of_images(name: str = "mnist") -> Evaluator:
    """The evaluator of "digits", "mnist" or "cifar10", from the classifier and the reference features that ship; or
    that of your own images, from those that `diffusion-lessons classifier` and `features` left in runs/classifiers.
    """
    network = features.classifier(name)

    def features_of(x: Tensor, labels: Tensor | None) -> Features:
        values = features.features(x.float().clamp(-1, 1), name).cpu()  # computed where x is; distances on the CPU
        return Features(values, labels, features.probabilities(values, name).argmax(dim=1), values_of(x))

    def real(split: str) -> Features:
        reference = features.reference(name, split)
        predicted = features.probabilities(reference.features, name).argmax(dim=1)
        return Features(reference.features, reference.labels, predicted, whole=reference.whole)

    card = cards.read_card(f"{features.place_of(name)}-features")
    parts = (network.card["sha256"], real("train"), real("test"), features_of, card["pixel_std"], card["sha256"])
    return Evaluator(f"{name} features", *parts)
