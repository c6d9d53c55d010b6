"""The end of a lesson's cell: a picture with its words, which notebooks show and store together."""

import base64
import io
from collections.abc import Iterable
from html import escape
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


Output = tuple[dict[str, Any], dict[str, Any]]  # data and metadata of one output of a notebook's cell
CAPTION = '<figcaption style="max-width: 46em; margin: 2px 0 10px; font-size: 0.95em; line-height: 1.4">{}</figcaption>'


def picture_output(content: bytes, alt: str, width: int) -> Output:
    """A picture, with its words as plain text for terminals and as its alternative text."""
    data = {"image/png": base64.b64encode(content).decode(), "text/plain": alt}
    return data, {"image/png": {"alt": alt, "width": width}}


def caption_output(words: str) -> Output:
    """The words beneath a picture: no reader of notebooks shows an alternative text, so they are an output too."""
    return {"text/html": CAPTION.format(escape(words)), "text/markdown": words, "text/plain": words}, {}


def publish(outputs: Iterable[Output]) -> None:
    """Give these outputs to the running cell, in their order."""
    from IPython.display import display

    for data, metadata in outputs:
        display(data, metadata=metadata, raw=True)


class Shown:
    """What `show` returns; a notebook displays the picture and beneath it the words."""

    def __init__(self, content: bytes, alt: str, width: int):
        self.content, self.alt, self.width = content, alt, width

    def outputs(self) -> list[Output]:
        return [picture_output(self.content, self.alt, self.width), caption_output(self.alt)]

    def _ipython_display_(self) -> None:
        publish(self.outputs())


def show(picture: Figure | Image.Image, alt: str) -> Shown:
    """The last line of a cell with a picture: `alt` says in a sentence what one sees, with the numbers that matter.

    The words stand beneath the picture as its caption, where $formulas$ are set. They are stored and compared where the
    pixels cannot be, so put measured values into them.
    """
    if isinstance(picture, Figure):
        return Shown(png(picture, SHARPNESS * SCREEN_DPI), alt, round(picture.get_figwidth() * SCREEN_DPI))
    return Shown(png(picture), alt, picture.width)


def freeze(figure: Figure) -> None:
    """Lay the figure out once and for all: most of the time of a redrawing goes there."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
