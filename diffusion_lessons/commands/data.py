"""`diffusion-lessons data`: the data sets, described in text and shown in a picture."""

from pathlib import Path

import torch

from diffusion_lessons.data import CARDS, Data, load_data
from diffusion_lessons.figures.pictures.images import check_picture, image_grid, save_picture
from diffusion_lessons.machine import places


def show_data(name: str | None = None, *, size: int | None = None, picture: Path | None = None) -> None:
    """Print what one data set holds, or, without a name, list the data sets."""
    if name is None and (size is not None or picture is not None):
        raise ValueError("--size and --out are about one data set: give its name or folder as well")
    print(overview() if name is None else describe(name, size=size, picture=picture))


def overview() -> str:
    """One line for each named data set: title, licence, and whether it is on this machine."""
    lines = [f"{name:14} {card['title']}; {card['licence']}; {_where(name)}" for name, card in CARDS.items()]
    return "\n".join([*lines, "", f"Downloads land in {places.datasets()}; any folder of images works as well."])


def describe(name: str, *, size: int | None = None, picture: Path | None = None) -> str:
    """Load a data set, downloading it if needed, and describe it; write a picture of it on request."""
    if picture is not None:
        check_picture(picture)
    data = load_data(name, "all", size=size)
    counts = torch.bincount(data.labels, minlength=len(data.classes)).tolist()
    lines = [
        f"{data.card['title']}: {len(data):,} images of shape {data.shape}",
        f"source   {data.card['source']}",
        f"licence  {data.card['licence']}",
        "classes  " + ", ".join(f"{title} ({count:,})" for title, count in zip(data.classes, counts, strict=True)),
    ]
    if picture is not None:
        lines.append(f"picture  {_drawn(data, picture)}")
    return "\n".join(lines)


def _drawn(data: Data, picture: Path) -> Path:
    images = first_of_each(data)
    shown = int((torch.bincount(data.labels) > 0).sum())
    return save_picture(image_grid(images, columns=len(images) // shown), picture)


def first_of_each(data: Data, count: int = 8) -> torch.Tensor:
    """The first `count` images of each class that has any: [rows count, C, H, W], one class a row, then white.

    Where every class has fewer, the rows are as long as the largest.
    """
    rows = [(data.labels == label).nonzero()[:count, 0] for label in range(len(data.classes))]
    images = torch.ones(sum(len(row) > 0 for row in rows), max(map(len, rows)), *data.shape)
    for line, row in zip(images, (row for row in rows if len(row)), strict=True):
        line[: len(row)] = data.batch(row)[0]
    return images.flatten(0, 1)


def _where(name: str) -> str:
    if name == "digits":
        return "embedded"
    try:
        load_data(name, "test", download=False)
    except FileNotFoundError:
        return f"not here yet: diffusion-lessons data {name}"
    return "here"
