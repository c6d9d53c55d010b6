"""The end of a lesson's cell: a picture with its words, which notebooks show and store together."""

import base64
import io
from typing import Any

from matplotlib.figure import Figure
from PIL import Image

SCREEN_DPI = 100  # a figure of 6.4 inches is 640 pixels wide on the page
SHARPNESS = 1.5  # stored pixels for each of those


def png(picture: Figure | Image.Image, dpi: float = SCREEN_DPI) -> bytes:
    """A figure or an image as PNG, the same bytes for the same picture (no date, no version)."""
    content = io.BytesIO()
    if isinstance(picture, Figure):
        picture.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    else:
        picture.save(content, format="png")
    return content.getvalue()


def as_image(figure: Figure, dpi: float = SCREEN_DPI) -> Image.Image:
    """A figure as an image, to stand beside others."""
    return Image.open(io.BytesIO(png(figure, dpi))).convert("RGB")


def beside(*pictures: Image.Image, gap: int = 16) -> Image.Image:
    """Images in a row, centred on one line, on white."""
    width, height = sum(p.width for p in pictures) + gap * (len(pictures) - 1), max(p.height for p in pictures)
    row, left = Image.new("RGB", (width, height), "white"), 0
    for picture in pictures:
        row.paste(picture, (left, (height - picture.height) // 2))
        left += picture.width + gap
    return row


def bundle(content: bytes, alt: str, width: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data and metadata of a notebook output: the picture, its words as plain text and as its alt text."""
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": width}}


class Shown:
    """What `show` returns; a notebook displays it."""

    def __init__(self, content: bytes, alt: str, width: int):
        self.content, self.alt, self.width = content, alt, width

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return bundle(self.content, self.alt, self.width)


def show(picture: Figure | Image.Image, alt: str) -> Shown:
    """The last line of a cell with a picture: `alt` says in a sentence what one sees, with the numbers that matter.

    The words are stored and compared where the pixels cannot be, so put measured values into them.
    """
    if isinstance(picture, Figure):
        return Shown(png(picture, SHARPNESS * SCREEN_DPI), alt, round(picture.get_figwidth() * SCREEN_DPI))
    return Shown(png(picture), alt, picture.width)


def freeze(figure: Figure) -> None:
    """Lay the figure out once and for all: most of the time of a redrawing goes there."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
