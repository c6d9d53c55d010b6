"""One picture file of any format and mode -> one square of pixels.

The format is told by the file's content, not by its name. HEIC, the format of iPhones, needs the package pillow-heif.
"""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = (  # of rasters; Pillow reads others, such as EPS, by starting a program
    *("PNG", "JPEG", "BMP", "DIB", "GIF", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000", "HEIF", "TGA", "ICO"),
    *("ICNS", "PCX", "SGI", "QOI", "SUN"),
)
ENDINGS = (  # of what is counted as a picture, also where it cannot be read
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff", ".ppm"),
    *(".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jpx"),
)
FOURTEEN_BITS = 2**14  # a picture in 16 bits whose values all lie below is that of a sensor with fewer
REMEDIES = {  # formats that Pillow may lack, by the brand in an ISO media file
    b"ftypheic": "HEIC is read with pillow-heif: pip install pillow-heif, or export as JPEG",
    b"ftypheix": "HEIC is read with pillow-heif: pip install pillow-heif, or export as JPEG",
    b"ftypmif1": "HEIF is read with pillow-heif: pip install pillow-heif, or export as JPEG",
    b"ftypavif": "AVIF is read by Pillow 11.3 or later, where it was built with it",
}


class Square(NamedTuple):
    """A decoded picture: uint8 [size, size, 1 or 3], and what was done to it that a person may not expect, or ""."""

    pixels: np.ndarray
    note: str


def decode(path: Path, size: int) -> Square:
    """The picture's central square: upright, on white where it is transparent, grey with one channel if it is grey.

    Grey pictures of 16 bits are scaled by the range of the type, unless all lies in the lowest quarter of it: so
    cameras and microscopes of 10, 12 and 14 bits write theirs, which would come out dark. These are scaled by their own
    range, from the smallest to the largest value. So are those of 32 bits, which have no common range, where they hold
    whole numbers, or fractions that leave 0..1.
    Of an animation or of several pages the first is taken.

    Raises whatever Pillow's decoders raise, and ValueError for what has no right picture.
    """
    with _opened(path) as image:
        frames = getattr(image, "n_frames", 1) if image.format != "MPO" else 1  # a camera's second view
        note = f"the first of {frames} frames" if frames > 1 else ""
        image.draft(None, (2 * size, 2 * size))  # lets the JPEG decoder skip resolution that is not needed
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith("I") or upright.mode == "F":
            upright, scaled = _eight_bits(upright, image.format)
            note = "; ".join(filter(None, (note, scaled)))
    grey = upright.mode in ("1", "L", "LA", "La")
    palette = upright.mode in ("P", "PA")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright)
    upright = upright.convert("L" if grey and upright.mode != "RGBA" else "RGB")
    pixels = np.asarray(ImageOps.fit(upright, (size, size), method=Image.Resampling.LANCZOS)).reshape(size, size, -1)
    if grey or (palette and _is_grey(upright)):
        pixels = pixels[:, :, :1]
    return Square(pixels, note)


def is_picture(path: Path) -> bool:
    """Whether the file's ending, or its content, is that of a picture."""
    if path.suffix.lower() in ENDINGS:
        return True
    try:
        with _opened(path):
            return True
    except Exception:  # Pillow's decoders raise anything from SyntaxError to struct.error
        return False


def reason(path: Path, error: Exception) -> str:
    """Why a picture could not be read, in a few words, with a remedy where there is one."""
    if not isinstance(error, UnidentifiedImageError):
        return (str(error) or type(error).__name__).splitlines()[0]
    with open(path, "rb") as file:
        head = file.read(32)
    if not head:
        return "an empty file"
    return next((remedy for brand, remedy in REMEDIES.items() if brand in head), "no picture that Pillow can read")


def _opened(path: Path) -> Image.Image:
    return Image.open(path, formats=_formats())


@cache
def _formats() -> tuple[str, ...]:
    """Those of `FORMATS` that Pillow and its plugins read here."""
    if importlib.util.find_spec("pillow_heif") is not None:
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _eight_bits(image: Image.Image, format: str | None) -> tuple[Image.Image, str]:
    """A picture of 16 or 32 bits a pixel in 8, and what it was scaled by where that is its own range."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("holds values that are not finite")
    low, high, note = values.min(), values.max(), ""
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and format != "TIFF")  # PNG and PGM of 16 bits
    if sixteen and (high >= FOURTEEN_BITS or high == 0):
        low, high = 0.0, 65535.0
    elif image.mode == "F" and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low == high:
        bits = 16 if sixteen else 32
        raise ValueError(
            f"holds the value {low:g} only, in a type of {bits} bits, which says nothing of black and white"
        )
    else:
        note = f"scaled by its own range, {low:g} to {high:g}"
    return Image.fromarray((255 * (values - low) / (high - low)).round().clip(0, 255).astype(np.uint8)), note


def _is_grey(image: Image.Image) -> bool:
    pixels = np.asarray(image)
    return bool((pixels == pixels[:, :, :1]).all())
