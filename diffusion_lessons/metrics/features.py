"""Images as 64 numbers each: the features in which sets of images are compared.

A distance between two sets of pictures is taken between the features that a classifier computes from them, because
pixels say little: a digit moved by one pixel is the same digit. `features` computes them, `probabilities` computes the
classifier's decision from them, and `reference` gives those of real images, which ship with the package: no data set
and no network connection are needed to measure samples.

    diffusion-lessons features mnist --classifier runs/classifiers/mnist    # those of a classifier of your own
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.memorization import Index
from diffusion_lessons.metrics.samples import Population
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.training.classifier import load_classifier


class Reference(NamedTuple):
    """Features of real images, float32 [N, 64], their labels, int64 [N], and the moments of *all* of their set.

    `whole` is None for held-out images, and for references that were kept without it.
    """

    features: Tensor
    labels: Tensor
    whole: Population | None = None


def features(images: Tensor, name: str = "mnist", *, batch: int = 500) -> Tensor:
    """The 64 features of each image: [N, C, H, W] in [-1, 1] -> float32 [N, 64], on the images' device.

    name: "digits", "mnist", "cifar10", or "folder/name": a classifier of your own, folder/name-classifier.safetensors;
        "name" alone also finds one in runs/classifiers, if the package has none of this name.
    Samples should be clipped to [-1, 1] first, as for display.
    Raises ValueError for images of another shape than the classifier learned, or with NaN or infinity in them.
    """
    network = classifier(name, images.device)
    shape = network.card["shape"]
    if list(images.shape[1:]) != shape:
        raise ValueError(
            f"images of shape {list(images.shape)} given to the {name} classifier, which takes [N, *{shape}]"
        )
    bad = int((~images.isfinite()).flatten(1).any(dim=1).sum())
    if bad:
        raise ValueError(
            f"{bad} of {len(images)} images hold NaN or infinity: find the cause before you measure the others"
        )
    parts = tqdm(images.split(batch), desc=f"{name} features", unit="batch", delay=2, leave=False)
    with torch.no_grad():
        return torch.cat([network.features(part.float()) for part in parts])


def probabilities(features: Tensor, name: str = "mnist") -> Tensor:
    """The classifier's decision, made from features: [N, 64] -> [N, classes], rows that sum to 1."""
    with torch.no_grad():
        return classifier(name, features.device).head(features.float()).softmax(dim=1)


def reference(name: str = "mnist", split: str = "test") -> Reference:
    """Features of real images, "train" or "test" (held out): 1,500 and 297 for digits, otherwise 10,000 of each, with
    the mean and covariance of *all* training images.

    Those of CIFAR-10 were taken from a slightly lossy JPEG copy, as their card says: compare samples of a network that
    learned the original with features made anew (`diffusion-lessons features cifar10 --classifier cifar10`).

    Raises FileNotFoundError where there are none, ValueError where they were made with another classifier.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split {split!r} is neither 'train' nor 'test'")
    return _references(place_of(name))[split]


def training_index(name: str = "mnist") -> Index:
    """An index of *all* training images' features, for `memorization_probe`.

    Raises FileNotFoundError where there are no reference features, ValueError for ones that were kept without it.
    """
    reference(name)  # checks that they are of this classifier
    tensors, _ = cards.read(f"{place_of(name)}-features")
    if "index_codes" not in tensors:
        raise ValueError(f"the reference features of {name} hold no index of the training images: make them again")
    return Index(*(tensors[f"index_{part}"] for part in Index._fields))


def place_of(name: str) -> str:
    """The name by which a classifier and its features are loaded: that of your own in runs/classifiers, if no other
    goes by the name that is given.
    """
    try:
        cards.find(f"{name}-classifier")
    except FileNotFoundError:
        own = places.CLASSIFIERS / name
        return str(own) if own.with_name(f"{own.name}-classifier.safetensors").is_file() else name
    return name


def classifier(name: str, device: torch.device | str = "cpu") -> Classifier:
    """The classifier that `features` uses, in evaluation mode; loaded once. Its `.card` says what it is."""
    return _classifier(place_of(name), device)


@lru_cache(maxsize=4)
def _classifier(name: str, device: torch.device | str) -> Classifier:
    return load_classifier(f"{name}-classifier", device)


@lru_cache(maxsize=4)
def _references(name: str) -> dict[str, Reference]:
    tensors, card = cards.read(f"{name}-features", needs=("classifier_sha256",))
    made_with, ours = card["classifier_sha256"], cards.read_card(f"{name}-classifier")["sha256"]
    if made_with != ours:
        raise ValueError(
            f"the reference features of {name} were made with classifier {made_with[:12]}... and the classifier here "
            f"is {ours[:12]}...: distances between them mean nothing. Make them again with "
            f"`diffusion-lessons features`"
        )
    whole = Population.from_tensors(tensors, "train_") if "train_mean" in tensors else None
    return {
        split: Reference(tensors[f"{split}_features"], tensors[f"{split}_labels"].long(), of)
        for split, of in (("train", whole), ("test", None))
    }
