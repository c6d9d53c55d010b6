"""Images as people look at them: a grid, small images enlarged without blur, written to a file whole."""

import io
import math
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageColor
from torch import Tensor
from torchvision.utils import make_grid

from diffusion_lessons.data import to_pixels
from diffusion_lessons.figures.style import BLUE, VERMILION
from diffusion_lessons.machine.files import check_writable, write_atomically

READABLE = 64  # pixels: images below this side are enlarged to it
FRAME = 4  # white pixels around each image: among noise a grey or a thin line would not be seen
LINE, GREY = 1, 160  # pixels and their value: the outline of a colour image, whose paper may be white


def image_grid(
    images: Tensor,
    columns: int | None = None,
    *,
    enlarge: int | None = None,
    beyond: float | None = None,
    outlined: bool = False,
) -> Image.Image:
    """Images [N, 1 or 3, H, W] in [-1, 1] as one picture of `columns` (by default about square).

    Values beyond the range are cut; with `beyond`, pixels that exceed 1 by more than that are vermilion, and those that
    fall as far below -1 are blue. NaN is drawn black, with a warning. Each pixel becomes a square of `enlarge` by
    `enlarge`, by default the smallest whole number that makes an image 64 pixels high. `outlined` draws a thin grey
    line around each image, without which one of white paper has no border on a white page.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3) or len(images) == 0:
        raise ValueError(f"images must be [N, 1 or 3, H, W] with N at least 1; got {tuple(images.shape)}")
    if broken := int((~images.isfinite()).flatten(1).any(dim=1).sum()):
        warnings.warn(f"{broken} of {len(images)} images hold NaN or infinite values; NaN is drawn black", stacklevel=2)
    enlarge = enlarge or max(1, math.ceil(READABLE / images.shape[-2]))
    images = images.detach().cpu()
    pixels = to_pixels(images) if beyond is None else mark_beyond(images, beyond)
    pixels = pixels.repeat_interleave(enlarge, dim=2).repeat_interleave(enlarge, dim=3)  # [N, C, e H, e W]
    if outlined:
        pixels = F.pad(pixels, (LINE, LINE, LINE, LINE), value=GREY)
    columns = columns or math.ceil(math.sqrt(len(images)))
    grid = make_grid(pixels, nrow=columns, padding=FRAME, pad_value=255)  # [3, H, W], grey made RGB
    return Image.fromarray(grid.permute(1, 2, 0).numpy())


def mark_beyond(images: Tensor, beyond: float) -> Tensor:
    """Images [N, 1 or 3, H, W] in [-1, 1] -> uint8 [N, 3, H, W], in colour where a value leaves the range.

    Pixels that exceed 1 by more than `beyond` are vermilion, and those that fall as far below -1 are blue.
    """
    pixels = to_pixels(images).expand(-1, 3, -1, -1)
    for outside, color in ((images > 1 + beyond, VERMILION), (images < -1 - beyond, BLUE)):
        paint = torch.tensor(ImageColor.getrgb(color), dtype=torch.uint8)[:, None, None]
        pixels = torch.where(outside.any(dim=1, keepdim=True), paint, pixels)
    return pixels


def save_picture(picture: Image.Image, file: str | Path, **options: object) -> Path:
    """Write a picture in the format of the file's suffix, whole or not at all; return the path."""
    file, content = Path(file), io.BytesIO()
    _check_ending(file)
    picture.save(content, format=Image.registered_extensions()[file.suffix.lower()], **options)
    write_atomically(file, content.getvalue())
    return file


def check_picture(file: str | Path) -> None:
    """Raise now what `save_picture` would raise after the work: ValueError for the ending, OSError for the place."""
    _check_ending(Path(file))
    check_writable(Path(file))


def _check_ending(file: Path) -> None:
    formats = Image.registered_extensions()
    if formats.get(file.suffix.lower()) not in Image.SAVE:
        raise ValueError(f"{file} does not end as a picture does; use .png")
