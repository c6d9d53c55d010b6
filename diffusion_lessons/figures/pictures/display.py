"""The end of a lesson's cell: a picture with its words, which notebooks show and store together."""

import base64
import io
from collections.abc import Iterable
from html import escape
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from PIL import Image

SCREEN_DPI = 100  # a figure of 6.4 inches is 640 pixels wide on the page
SHARPNESS = 2  # stored pixels for each of those


def png(picture: Figure | Image.Image, dpi: float = SCREEN_DPI) -> bytes:
    """A figure or an image as PNG, the same bytes for the same picture (no date, no version)."""
    content = io.BytesIO()
    if isinstance(picture, Figure):
        picture.savefig(content, format="png", dpi=dpi, metadata={"Software": None})
    else:
        picture.save(content, format="png")
    return content.getvalue()


class Picture(NamedTuple):
    """A picture as PNG and its width on the page; it may hold more pixels than that, for sharp screens."""

    content: bytes
    width: int


Drawn = Figure | Image.Image | Picture


def picture(drawn: Drawn) -> Picture:
    """A figure at twice the page's pixels; an image as it is, a pixel for a pixel."""
    if isinstance(drawn, Picture):
        return drawn
    if isinstance(drawn, Figure):
        return Picture(png(drawn, SHARPNESS * SCREEN_DPI), round(drawn.get_figwidth() * SCREEN_DPI))
    return Picture(png(drawn), drawn.width)


def beside(*drawn: Drawn, gap: int = 16) -> Picture:
    """Pictures in a row, centred on one line, on white."""
    sharp = [_sharp(one) for one in drawn]
    gap *= SHARPNESS
    width, height = sum(one.width for one in sharp) + gap * (len(sharp) - 1), max(one.height for one in sharp)
    row, left = Image.new("RGB", (width, height), "white"), 0
    for one in sharp:
        row.paste(one, (left, (height - one.height) // 2))
        left += one.width + gap
    return Picture(png(row), width // SHARPNESS)


def _sharp(drawn: Drawn) -> Image.Image:
    """With SHARPNESS pixels for each of the page's, each repeated where there were fewer."""
    content, width = picture(drawn)
    image = Image.open(io.BytesIO(content)).convert("RGB")
    size = (SHARPNESS * width, round(SHARPNESS * width * image.height / image.width))
    return image if image.size == size else image.resize(size, Image.Resampling.NEAREST)


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

    def __init__(self, drawn: Drawn, alt: str):
        (self.content, self.width), self.alt = picture(drawn), alt

    def outputs(self) -> list[Output]:
        return [picture_output(self.content, self.alt, self.width), caption_output(self.alt)]

    def _ipython_display_(self) -> None:
        publish(self.outputs())


def show(drawn: Drawn, alt: str) -> Shown:
    """The last line of a cell with a picture: `alt` says in a sentence what one sees, with the numbers that matter.

    The words stand beneath the picture as its caption, where $formulas$ are set. They are stored and compared where the
    pixels cannot be, so put measured values into them.
    """
    return Shown(drawn, alt)


def freeze(figure: Figure) -> None:
    """Lay the figure out once and for all: most of the time of a redrawing goes there.

    Twice, because only a second pass knows how much room axes of equal aspect leave for their titles.
    """
    for _ in range(2):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
