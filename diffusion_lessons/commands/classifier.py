"""`diffusion-lessons classifier` and `features`: what measures samples, made for data of one's own."""

import math
import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import networks
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.machine.devices import choose_device, device_name, half_precision
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.metrics.features import classifier, features, place_of
from diffusion_lessons.metrics.memorization import index_of
from diffusion_lessons.metrics.samples import population
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.training.classifier import accuracy, recipe_for, train_classifier

COUNT = 10_000  # single features kept of each split, or all if there are fewer
PART = 5000  # images that are prepared together


def make_classifier(
    data: str,
    out: Path,
    *,
    seed: int = 0,
    recipe: str | None = None,
    device: str | None = None,
    size: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Train a classifier, say how accurate it is on the test images, and save it with its card. Returns its file.

    Raises, before the training, ValueError for a folder without test images: accuracy is measured on them; OSError for
    an `out` that cannot be written, and FileExistsError for one that holds such a classifier, without `overwrite`.
    """
    target = choose_device(device)
    train, test = (load_data(data, split, size=size) for split in ("train", "test"))
    plan = recipe_for(train, recipe)
    file = out / f"{train.card['name']}-classifier.safetensors"
    _check_free(file, overwrite)
    torch.manual_seed(seed)
    network = Classifier(plan.config).to(target)

    began = time.perf_counter()
    bf16 = half_precision(target) == torch.bfloat16
    records = train_classifier(network, train.to(target), plan, seed=seed, bf16=bf16)
    progress = tqdm(records, total=plan.epochs * math.ceil(len(train) / plan.batch), unit="step")
    for record in progress:
        progress.set_postfix_str(f"loss {record.loss:.3f}, {record.images_per_second:.0f} images/s", refresh=False)
    seconds = time.perf_counter() - began

    network.half().float()  # rounded as when stored, so that what is measured is what ships
    evaluation = {"test_accuracy": accuracy(network, test.to(target)), "test_images": len(test)}
    flags = (("out", out), ("seed", seed), ("recipe", recipe), ("size", size), ("device", device))
    options = [word for name, value in flags if value is not None for word in (f"--{name}", str(value))]
    card: dict[str, Any] = {
        "architecture": networks.card(network),
        "parameters": networks.count_parameters(network),
        "stored_as": "float16",
        "shape": list(train.shape),
        "classes": list(train.classes),
        "data": train.card,
        "recipe": asdict(plan),
        "command": shlex.join(["diffusion-lessons", "classifier", data, *options]),
        "seed": seed,
        "device": device_name(target),
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 autocast" if bf16 else "float32",
        "images_seen": record.images,
        "training_seconds": round(seconds, 1),
        "evaluation": evaluation,
    }
    cards.write(file, network.half().state_dict(), card)
    print(f"{evaluation['test_accuracy']:.2%} of {len(test):,} test images classified correctly; saved to {file}")
    return file


def write_features(data: str, name: str, count: int = COUNT, *, overwrite: bool = False) -> Path:
    """Compute the features of all training images and of up to `count` test images, and save them by the classifier.

    name: "digits", "mnist", "cifar10", or "folder/name" of folder/name-classifier.safetensors. Of the training images
    the mean and covariance of all are kept, with the count and mean of each class, an index that finds the nearest of
    them, and the single features of up to `count`, a random choice with a fixed seed; these are stored as float16.

    Raises FileExistsError, before any is computed, where they were saved already, without `overwrite`.
    """
    card = classifier(name).card
    beside = cards.find(f"{place_of(name)}-classifier")
    file = beside.with_name(beside.name.replace("-classifier", "-features"))
    _check_free(file, overwrite)
    sets: dict[str, Data] = {split: load_data(data, split, size=card["shape"][1]) for split in ("train", "test")}
    tensors: dict[str, Tensor] = {}
    for split, images in sets.items():
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
        rows = order if split == "train" else order[:count]
        values = torch.cat([features(images.batch(part)[0], name) for part in rows.split(PART)]).half()
        labels = images.labels[rows]
        tensors[f"{split}_features"] = values[:count].clone()
        tensors[f"{split}_labels"] = labels[:count].to(torch.uint8 if len(images.classes) <= 256 else torch.int32)
        if split == "train" and len(values) > values.shape[1]:  # of fewer images the covariance is singular
            whole = population(values, labels, len(images.classes))
            tensors |= {f"train_{part}": value for part, value in whole.tensors().items()}
        if split == "train":
            index = index_of(values.float())._asdict()
            tensors |= {f"index_{part}": value.contiguous() for part, value in index.items()}
    about = {
        "features": f"of {len(tensors['train_labels'])} training and {len(tensors['test_labels'])} test images, and "
        f"the moments of all {len(sets['train'])} training images",
        "stored_as": "float16",
        "data": sets["train"].card,
        "pixel_std": sets["train"].std,
        "command": shlex.join(["diffusion-lessons", "features", data, "--classifier", name, "--count", str(count)]),
        "classifier_sha256": card["sha256"],
    }
    cards.write(file, tensors, about)
    print(f"saved to {file}")
    return file


def _check_free(file: Path, overwrite: bool) -> None:
    """Raise now if the file could not be written, or would replace an older one that nobody wants replaced."""
    if file.exists() and not overwrite:
        raise FileExistsError(f"{file} is there already: use another folder (--out), or replace it (--overwrite)")
    check_writable(file)
