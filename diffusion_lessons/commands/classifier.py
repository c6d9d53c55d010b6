"""`diffusion-lessons classifier` and `features`: what measures samples, made for data of one's own."""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from diffusion_lessons import networks
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.machine.devices import choose_device, device_name, half_precision
from diffusion_lessons.metrics.features import classifier, features
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.training.classifier import accuracy, recipe_for, train_classifier

COUNT = 10_000  # images in each reference set, or all if there are fewer


def make_classifier(
    data: str,
    out: Path,
    *,
    seed: int = 0,
    recipe: str | None = None,
    device: str | None = None,
    size: int | None = None,
) -> Path:
    """Train a classifier, say how accurate it is on the test images, and save it with its card. Returns its file.

    Raises ValueError, before the training, for a folder without test images: accuracy is measured on them.
    """
    target = choose_device(device)
    train, test = (load_data(data, split, size=size) for split in ("train", "test"))
    plan = recipe_for(train, recipe)
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
    flags = (("recipe", recipe), ("size", size), ("device", device))
    options = "".join(f" --{name} {value}" for name, value in flags if value)
    card: dict[str, Any] = {
        "architecture": networks.card(network),
        "parameters": networks.count_parameters(network),
        "stored_as": "float16",
        "shape": list(train.shape),
        "classes": list(train.classes),
        "data": train.card,
        "recipe": asdict(plan),
        "command": f"diffusion-lessons classifier {data} --out {out} --seed {seed}{options}",
        "seed": seed,
        "device": device_name(target),
        "threads": torch.get_num_threads(),
        "precision": "bfloat16 autocast" if bf16 else "float32",
        "images_seen": record.images,
        "training_seconds": round(seconds, 1),
        "evaluation": evaluation,
    }
    file = cards.write(out / f"{train.card['name']}-classifier", network.half().state_dict(), card)
    print(f"{evaluation['test_accuracy']:.2%} of {len(test):,} test images classified correctly; saved to {file}")
    return file


def write_features(data: str, name: str, count: int = COUNT) -> Path:
    """Compute the features of up to `count` training and test images of `data`, and save them beside the classifier.

    name: "digits", "mnist", "cifar10", or "folder/name" of folder/name-classifier.safetensors. The images are a random
    choice with a fixed seed; features are stored as float16.
    """
    card = classifier(name).card
    sets: dict[str, Data] = {split: load_data(data, split, size=card["shape"][1]) for split in ("train", "test")}
    tensors = {}
    for split, images in sets.items():
        rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:count]
        x, labels = images.batch(rows)
        tensors[f"{split}_features"] = features(x, name).half()
        tensors[f"{split}_labels"] = labels.to(torch.uint8)
    beside = cards.find(f"{name}-classifier")
    about = {
        "features": f"of {len(tensors['train_labels'])} training and {len(tensors['test_labels'])} test images",
        "stored_as": "float16",
        "data": sets["train"].card,
        "pixel_std": sets["train"].std,
        "command": f"diffusion-lessons features {data} --classifier {name}",
        "classifier_sha256": card["sha256"],
    }
    file = cards.write(beside.with_name(beside.name.replace("-classifier", "-features")), tensors, about)
    print(f"saved to {file}")
    return file
