"""Your own images: a folder of any sizes, formats and modes -> one uint8 tensor.

A folder of pictures, or one sub-folder for each class; either kind may be split into `train/` and `test/`:

    flowers/rose/a.jpg                     classes ("daisy", "rose")
    flowers/daisy/b.png

Everything in it is read, or named and counted with the reason; nothing that cannot be read stops the others.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.data.decoding import ENDINGS, Square, decode, is_picture, reason

SPLITS = ("train", "test")
LITTER = (
    "__MACOSX",
    "@eaDir",
    "$RECYCLE.BIN",
    "Thumbs.db",
    "desktop.ini",
)  # what systems leave, besides names with a dot


class FolderImages(NamedTuple):
    pixels: Tensor  # uint8 [N, C, size, size]
    labels: Tensor  # int64 [N]
    classes: tuple[str, ...]
    skipped: list[str]  # "path (reason)" of each file that was not read
    adapted: list[str]  # "path (what was done)" of each that was read as one may not expect


class Found(NamedTuple):
    """What lies in a folder: pictures with the names of their classes, and what is none, with the reason."""

    pictures: list[tuple[Path, str]]
    others: list[tuple[Path, str]]


def read_folder(folder: Path, split: str, size: int, channels: int | None) -> FolderImages:
    """Decode every image of a folder, cropped to its central square and resized to size x size.

    channels: 1, 3, or None for grey where all images are grey and colour otherwise.
    Raises ValueError for a folder without images or without one that can be decoded, for a split that is not
    there, and for images both in a folder and in its sub-folders.
    """
    roots = _roots(folder)
    chosen = _chosen(folder, roots, split)
    found = {root: _found(root) for root in roots.values()}
    pictures = [pair for root in chosen for pair in found[root].pictures]
    others = [pair for root in chosen for pair in found[root].others]
    if folder not in chosen:
        others += _beside(folder, roots.values())
    skipped = [f"{_inside(path, folder)} ({why})" for path, why in others]
    if not pictures:
        places = " or ".join(map(str, chosen))
        instead = (
            f"there is only {_shortened(skipped)}"
            if skipped
            else f"there are no files in it; expected {', '.join(ENDINGS[:5])}, ..."
        )
        raise ValueError(f"no images in {places}: {instead}")
    # Names come from every split, so that a label means the same in each of them.
    classes = _sorted({label for root in found.values() for _, label in root.pictures})

    squares: list[Square] = []
    labels: list[int] = []
    adapted: list[str] = []
    for path, label in tqdm(pictures, desc=f"reading {folder.name}", unit="image", delay=2):
        try:
            square = decode(path, size)
        except Exception as error:  # Pillow's decoders raise anything from SyntaxError to struct.error
            skipped.append(f"{_inside(path, folder)} ({reason(path, error)})")
            continue
        squares.append(square)
        labels.append(classes.index(label))
        if square.note:
            adapted.append(f"{_inside(path, folder)} ({square.note})")
    if not squares:
        raise ValueError(f"none of the {len(pictures)} images in {folder} can be decoded: {_shortened(skipped)}")
    total = len(pictures) + len(others)
    _tell(f"skipped {len(skipped)} of {total} files", skipped)
    _tell(f"read {len(adapted)} of {total} files with a change", adapted)
    taken = [name for name in classes if name.lower() in (*SPLITS, "val", "valid", "validation")]
    _tell("taken for classes, and not for splits, which are called train/ and test/", taken)

    channels = channels or max(square.pixels.shape[2] for square in squares)
    pixels = torch.from_numpy(np.stack([_with_channels(square.pixels, channels) for square in squares]))  # [N, H, W, C]
    return FolderImages(pixels.permute(0, 3, 1, 2).contiguous(), torch.tensor(labels), classes, skipped, adapted)


class NotSplit(ValueError):
    """A folder without test images of its own."""


def _roots(folder: Path) -> dict[str, Path]:
    """The folders that hold the splits: `train/`, and `test/` beside it, in any case; or all is training data."""
    inside = sorted(path for path in folder.iterdir() if path.is_dir())
    roots = {name: path for name in SPLITS for path in reversed(inside) if path.name.lower() == name}
    return roots if "train" in roots else {"train": folder}


def _chosen(folder: Path, roots: dict[str, Path], split: str) -> list[Path]:
    if split == "test" and "test" not in roots:
        raise NotSplit(f"{folder} is not split: put its images into {folder / 'train'} and {folder / 'test'}")
    return list(roots.values()) if split == "all" else [roots[split]]


def _found(root: Path) -> Found:
    """What lies in a folder, in the order of the paths; without sub-folders the class of all is "image"."""
    pictures, others = [], []
    for path, why in sorted(_files(root)):
        if why or not is_picture(path):
            others.append((path, why or "no picture"))
        else:
            pictures.append(path)
    loose = [path for path in pictures if path.parent == root]
    if loose and len(loose) < len(pictures):
        raise ValueError(
            f"{root} holds images itself ({loose[0].name}) and in sub-folders: "
            "put every image into a sub-folder named after its class, or none"
        )
    return Found([(path, "image" if loose else path.relative_to(root).parts[0]) for path in pictures], others)


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Every file below a folder that is not hidden, links followed, and why it cannot be read, or ""."""
    entered = {os.path.realpath(root)}
    failed: list[OSError] = []
    for parent, folders, names in os.walk(root, followlinks=True, onerror=failed.append):
        visible = sorted(name for name in folders if not _hidden(name))
        folders[:] = []
        for name in visible:
            real = os.path.realpath(Path(parent, name))
            if real in entered:
                yield Path(parent, name), "a link to a folder that is read already"
            else:
                entered.add(real)
                folders.append(name)
        for name in names:
            path = Path(parent, name)
            if not _hidden(name):
                yield path, "" if path.is_file() else "a broken link" if path.is_symlink() else "no ordinary file"
    yield from ((Path(error.filename), error.strerror or "not readable") for error in failed)


def _beside(folder: Path, roots: Collection[Path]) -> list[tuple[Path, str]]:
    """What lies beside the folders of the splits, which alone are read."""
    why = "beside train/ and test/, which alone are read"
    beside = [path for path in sorted(folder.iterdir()) if path not in roots and not _hidden(path.name)]
    return [(path, why) for path in beside]


def _sorted(names: set[str]) -> tuple[str, ...]:
    """Classes in the order of their names; names that are numbers in the order of the numbers."""
    numbers = all(name.isdecimal() for name in names)
    return tuple(sorted(names, key=lambda name: (int(name) if numbers else 0, name)))


def _hidden(name: str) -> bool:
    return name.startswith(".") or name in LITTER


def _inside(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _with_channels(array: np.ndarray, channels: int) -> np.ndarray:
    if channels == 3 and array.shape[2] == 1:
        return array.repeat(3, axis=2)
    if channels == 1 and array.shape[2] == 3:
        return np.asarray(Image.fromarray(array).convert("L"))[:, :, None]
    return array


def _tell(what: str, names: list[str]) -> None:
    if names:
        warnings.warn(f"{what}: {_shortened(names)}", stacklevel=4)


def _shortened(names: list[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
