"""Images to learn from: four named data sets and your own folder, through one function.

`load_data("digits")` needs nothing but this package. `load_data("mnist")`, `"fashion-mnist"` and `"cifar10"`
are downloaded once by torchvision, which checks their MD5 sums. `load_data("path/to/images")` reads a folder.
All return the same `Data`: images in [-1, 1], labels, class names, and a card that says where they come from.

Images are kept as uint8: all of MNIST is 47 MB, so the whole set lives on the training device as one tensor
and a batch is an index into it. No worker processes are needed.
"""

from __future__ import annotations

import errno
import shlex
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons.data.folder import read_folder
from diffusion_lessons.machine import places
from diffusion_lessons.machine.fields import check_value

SPLITS = ("train", "test", "all")

CARDS: dict[str, dict[str, Any]] = {
    "digits": {
        "title": "Optical recognition of handwritten digits, 8x8 (the copy inside scikit-learn)",
        "source": "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
        "licence": "CC BY 4.0",
    },
    "mnist": {
        "title": "MNIST handwritten digits, 28x28",
        "source": "http://yann.lecun.com/exdb/mnist/",
        "licence": "CC BY-SA 3.0",
    },
    "fashion-mnist": {
        "title": "Fashion-MNIST, 28x28",
        "source": "https://github.com/zalandoresearch/fashion-mnist",
        "licence": "MIT",
    },
    "cifar10": {
        "title": "CIFAR-10, 32x32 colour",
        "source": "https://www.cs.toronto.edu/~kriz/cifar.html",
        "licence": "none stated; made available for research",
    },
}
FILES = {  # what torchvision looks for, relative to `places.datasets()`
    "mnist": "MNIST/raw/*-ubyte (four files)",
    "fashion-mnist": "FashionMNIST/raw/*-ubyte (four files)",
    "cifar10": "cifar-10-batches-py/ (seven files)",
}
_DIGITS = tuple("0123456789")
CLASSES = {  # where they can be the names of folders; labels count them in this order
    "digits": _DIGITS,
    "mnist": _DIGITS,
    "cifar10": ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
}
WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)  # not the network's fault


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 in 0..255 -> float32 in [-1, 1]: pixel / 127.5 - 1."""
    check_value("pixels", pixels, Tensor)
    return pixels.float().div_(127.5).sub_(1.0)


def to_pixels(images: Tensor) -> Tensor:
    """Floats, clipped to [-1, 1], -> uint8 in 0..255. The inverse of `to_unit`."""
    check_value("images", images, Tensor)
    return images.float().clamp(-1.0, 1.0).add(1.0).mul(127.5).round().to(torch.uint8)


@dataclass(frozen=True)
class Data:
    """A labelled set of images, held as one tensor.

    pixels:  uint8 [N, C, H, W]
    labels:  int64 [N] in 0..len(classes)-1
    classes: the name of each label
    card:    title, source, licence, split, count, and (for a folder) what was skipped or adapted
    """

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    card: dict[str, Any]

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        channels, height, width = self.pixels.shape[1:]
        return channels, height, width

    @property
    def device(self) -> torch.device:
        """Where the pixels are."""
        return self.pixels.device

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """What tells these images from others."""
        return self.pixels, self.labels

    @property
    def std(self) -> float:
        """Standard deviation of all values of all images, in [-1, 1]."""
        return self.pixels.cpu().double().std(correction=0).item() / 127.5

    @cached_property
    def images(self) -> Tensor:
        """All images as float32 [N, C, H, W] in [-1, 1]: made on first use, 4 times the memory of `pixels`."""
        return to_unit(self.pixels)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """(float images [B, C, H, W] in [-1, 1], labels [B]) of the given indices, on the data's device."""
        indices = indices.to(self.pixels.device)
        return to_unit(self.pixels[indices]), self.labels[indices]

    def to(self, device: str | torch.device) -> Data:
        """A copy whose tensors live on `device`."""
        return replace(self, pixels=self.pixels.to(device), labels=self.labels.to(device))


def load_data(
    name_or_folder: str | Path,
    split: str = "train",
    *,
    size: int | None = None,
    channels: int | None = None,
    download: bool = True,
) -> Data:
    """Load `"digits"`, `"mnist"`, `"fashion-mnist"`, `"cifar10"` or a folder of images.

    split: "train", "test" or "all". Digits are cut 1,500 / 297 by a fixed permutation. A folder may hold
        `train/` and `test/`; one that does not is all training images.
    size: resize to size x size (a folder's images are centre-cropped to a square; its default is 32).
    channels: 1 for grey, 3 for colour; default: as the images are.

    Raises ValueError for a bad option, a folder without images or a damaged download, FileNotFoundError for an
    unknown name or missing files, ConnectionError when a download fails; each says what to do.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r} is not one of {', '.join(SPLITS)}")
    check_value("size", size, int | None, 1)
    if isinstance(channels, bool) or channels not in (None, 1, 3):
        raise ValueError(f"channels {channels} is neither 1 (grey) nor 3 (colour)")

    name = known_name(name_or_folder)
    if name is None:
        folder = places.expanded(name_or_folder)
        if not folder.is_dir():
            is_no = "not" if isinstance(name_or_folder, Path) else f"neither a data set ({', '.join(CARDS)}) nor"
            raise FileNotFoundError(
                f"{str(name_or_folder)!r} is {is_no} a folder of images: give one that holds pictures, in a "
                "sub-folder for each class where they have classes"
            )
        images = read_folder(folder, split, size or 32, channels)
        name, pixels, labels, classes = folder.resolve().name, images.pixels, images.labels, images.classes
        origin: dict[str, Any] = {
            "title": f"images of the folder {name}",
            "source": str(folder),
            "licence": "yours to state",
            "skipped": images.skipped,
            "adapted": images.adapted,
        }
    else:
        pixels, labels, classes = _digits(split) if name == "digits" else _torchvision(name, split, download)
        own, origin = pixels.shape[1:], dict(CARDS[name])
        pixels = _resized(pixels, size, channels)
        if pixels.shape[1:] != own:
            origin["resized_from"] = list(own)

    card = {"name": name, **origin, "split": split, "count": len(pixels), "shape": list(pixels.shape[1:])}
    return Data(pixels, labels, classes, card)


def known_as(data: Data, name: str) -> Data:
    """The images of a folder, known from now on as those of a data set: its JPEG copy, for example.

    Raises ValueError where the classes are not those of the data set, whose labels would then mean something else.
    """
    classes = CLASSES.get(name, data.classes)
    if data.classes != classes:
        raise ValueError(
            f"the folder {data.card['source']} has the classes {_listed(data.classes)}, and {name} has "
            f"{_listed(classes)}: give a folder with a sub-folder of pictures for each of these, or, for a network of "
            f"images of your own, `diffusion-lessons train {shlex.quote(data.card['source'])}`"
        )
    return replace(data, card={**data.card, "name": name})


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def known_name(name_or_folder: str | Path) -> str | None:
    """The name of the data set that is meant ("MNIST", "cifar-10", "fashion_mnist"), or None for a folder."""
    name = str(name_or_folder).lower().replace("_", "-").replace("cifar-10", "cifar10")
    return None if isinstance(name_or_folder, Path) or name not in CARDS else name


def _digits(split: str) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    from sklearn.datasets import load_digits  # slow to import: only when asked for

    digits = load_digits()
    # A legacy RandomState: NumPy promises that its streams never change, so neither does the split.
    order = np.random.RandomState(0).permutation(len(digits.images))
    rows = {"train": order[:1500], "test": order[1500:], "all": order}[split]
    pixels = torch.from_numpy(np.rint(digits.images[rows] * (255 / 16))).to(torch.uint8)  # ink 0..16 -> 0..255
    labels = torch.from_numpy(digits.target[rows]).long()
    return pixels[:, None], labels, CLASSES["digits"]


def _torchvision(name: str, split: str, download: bool) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    from torchvision import datasets  # slow to import: only when asked for

    maker = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST, "cifar10": datasets.CIFAR10}[name]
    halves = {"train": (True,), "test": (False,), "all": (True, False)}[split]
    parts = [_read(maker, name, train, download) for train in halves]
    if name == "cifar10":
        pixels = torch.cat([torch.from_numpy(part.data) for part in parts]).permute(0, 3, 1, 2).contiguous()
    else:
        pixels = torch.cat([part.data for part in parts])[:, None]
    labels = torch.cat([torch.as_tensor(part.targets) for part in parts]).long()
    classes = CLASSES["mnist"] if name == "mnist" else tuple(parts[0].classes)
    return pixels, labels, classes


def _read(maker: Any, name: str, train: bool, download: bool) -> Any:
    """Open the files, and download them only if they are not there: a complete folder may be read-only."""
    folder = places.datasets()
    offline = (
        f"Without a network: load_data('digits') is embedded; or copy {FILES[name]} from a machine that has "
        f"them into {folder}; or set DIFFUSION_LESSONS_DATA to a folder that holds them."
    )
    try:
        return maker(folder, train=train, download=False)
    except Exception as error:  # a missing file and one cut short both arrive as RuntimeError, among others
        if "not found" not in str(error):
            cure = f"delete {FILES[name]} there and load it again"
            raise ValueError(f"the copy of {name} in {folder} is damaged ({error!r}): {cure}") from error
        if not download:
            raise FileNotFoundError(f"{name} is not in {folder} and download=False. {offline}") from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return maker(folder, train=train, download=True)
    except (RuntimeError, OSError, EOFError) as error:  # no network, wrong checksum, disk full, no permission
        if isinstance(error, OSError) and error.errno in WRITING:
            cure = "make room or set DIFFUSION_LESSONS_DATA to a folder that has it and that you may write to"
            raise OSError(error.errno, f"{name} cannot be written into {folder} ({error.strerror}): {cure}") from error
        raise ConnectionError(f"{name} could not be downloaded into {folder} ({error}). {offline}") from error


def _resized(pixels: Tensor, size: int | None, channels: int | None) -> Tensor:
    """uint8 [N, C, H, W] with another size or number of channels, where one is asked for."""
    from torchvision.transforms.v2 import functional as F

    if channels == 1 and pixels.shape[1] == 3:
        pixels = F.rgb_to_grayscale(pixels)
    elif channels == 3 and pixels.shape[1] == 1:
        pixels = pixels.expand(-1, 3, -1, -1).contiguous()
    if size is not None and tuple(pixels.shape[2:]) != (size, size):
        pixels = torch.cat([F.resize(part, [size, size], antialias=True) for part in pixels.split(4096)])
    return pixels
