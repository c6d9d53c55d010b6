"""Your own images: a folder of any sizes and modes -> one uint8 tensor.

A folder of pictures, or one sub-folder for each class; either kind may be split into `train/` and `test/`:

    flowers/rose/a.jpg                     classes ("daisy", "rose")
    flowers/daisy/b.png

A file that cannot be decoded is named, skipped and counted; it never stops the others.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from tqdm.auto import tqdm

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


class FolderImages(NamedTuple):
    pixels: Tensor  # uint8 [N, C, size, size]
    labels: Tensor  # int64 [N]
    classes: tuple[str, ...]
    skipped: list[str]  # "path (reason)" of each file that could not be decoded


def read_folder(folder: Path, split: str, size: int, channels: int | None) -> FolderImages:
    """Decode every image of a folder, cropped to its central square and resized to size x size.

    channels: 1, 3, or None for grey where all images are grey and colour otherwise.
    Raises ValueError for a folder without images or without one that can be decoded, for a split that is not
    there, and for images both in a folder and in its sub-folders.
    """
    pairs = {root: _labelled(root) for root in _roots(folder, "all")}
    roots = _roots(folder, split)
    files = [pair for root in roots for pair in pairs[root]]
    if not files:
        places = " or ".join(map(str, roots))
        raise ValueError(f"no images in {places}: expected files ending in {', '.join(ENDINGS)}")
    # Names come from every split, so that a label means the same in each of them.
    classes = tuple(sorted({label for root in pairs for _, label in pairs[root]}))

    arrays: list[np.ndarray] = []
    labels: list[int] = []
    skipped: list[str] = []
    for path, label in tqdm(files, desc=f"reading {folder.name}", unit="image", delay=2):
        try:
            arrays.append(decode(path, size))
            labels.append(classes.index(label))
        except Exception as error:  # Pillow's decoders raise anything from SyntaxError to struct.error
            skipped.append(f"{path.relative_to(folder)} ({error})")
    if skipped:
        warnings.warn(f"skipped {len(skipped)} of {len(files)} images: {_shortened(skipped)}", stacklevel=3)
    if not arrays:
        raise ValueError(f"none of the {len(files)} images in {folder} can be decoded: {_shortened(skipped)}")

    channels = channels or max(array.shape[2] for array in arrays)
    pixels = torch.from_numpy(np.stack([_with_channels(array, channels) for array in arrays]))  # [N, H, W, C]
    return FolderImages(pixels.permute(0, 3, 1, 2).contiguous(), torch.tensor(labels), classes, skipped)


def decode(path: Path, size: int) -> np.ndarray:
    """One file -> uint8 [size, size, 1 or 3]: upright, on white where transparent, its central square."""
    with Image.open(path) as image:
        image.draft(None, (2 * size, 2 * size))  # lets the JPEG decoder skip resolution that is not needed
        upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):  # 16 bits a pixel
        upright = Image.fromarray((np.asarray(upright).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8))
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    upright = upright.convert("L" if upright.mode in ("1", "L", "LA") else "RGB")
    fitted = ImageOps.fit(upright, (size, size), method=Image.Resampling.LANCZOS)
    return np.asarray(fitted).reshape(size, size, -1)


def _roots(folder: Path, split: str) -> list[Path]:
    """The folders that hold a split: `train/` and `test/` where they exist, else all is training data."""
    train, test = folder / "train", folder / "test"
    if not train.is_dir():
        train = folder
    if split != "train" and test.is_dir() and train != folder:
        return [train, test] if split == "all" else [test]
    if split == "test":
        raise ValueError(f"{folder} is not split: put its images into {folder / 'train'} and {folder / 'test'}")
    return [train]


def _labelled(root: Path) -> list[tuple[Path, str]]:
    """(file, class name) in the order of the paths; without sub-folders the class of all is "image"."""
    files = sorted(
        Path(parent, name) for parent, _, names in os.walk(root) for name in names if name.lower().endswith(ENDINGS)
    )
    inner = {path: path.relative_to(root) for path in files}
    visible = [path for path in files if not _hidden(inner[path])]
    loose = [path for path in visible if len(inner[path].parts) == 1]
    if loose and len(loose) < len(visible):
        raise ValueError(
            f"{root} holds images itself ({loose[0].name}) and in sub-folders: "
            "put every image into a sub-folder named after its class, or none"
        )
    return [(path, "image" if loose else inner[path].parts[0]) for path in visible]


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in path.parts)


def _with_channels(array: np.ndarray, channels: int) -> np.ndarray:
    if channels == 3 and array.shape[2] == 1:
        return array.repeat(3, axis=2)
    if channels == 1 and array.shape[2] == 3:
        return np.asarray(Image.fromarray(array).convert("L"))[:, :, None]
    return array


def _shortened(names: list[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
