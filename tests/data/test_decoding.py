"""A picture of any format and mode becomes a square of pixels with the right values, or has a reason why not."""

import io
import struct
import sys
import types
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from diffusion_lessons.data import decoding
from diffusion_lessons.data.decoding import decode, is_picture, reason

RAMP = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (32, 1))  # grey, 32 x 32
COLOUR = np.stack([RAMP, RAMP.T, 255 - RAMP], axis=2)


def pixels(path, size=32):
    return decode(path, size).pixels


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1"])
@pytest.mark.parametrize("ending", ["png", "gif", "tif"])
def test_grey_is_grey_in_every_mode(tmp_path, mode, ending):
    """Transparency, a palette of greys and black and white do not make a set of images colour."""
    if (mode, ending) in (("LA", "gif"), ("1", "gif")):
        pytest.skip("GIF has palettes only")
    image = Image.fromarray(RAMP).convert(mode)
    image.save(tmp_path / f"a.{ending}")
    expected = np.asarray(image.convert("L"))
    assert np.array_equal(pixels(tmp_path / f"a.{ending}")[:, :, 0], expected)
    assert pixels(tmp_path / f"a.{ending}").shape == (32, 32, 1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK", "YCbCr"])
def test_colour_is_colour(tmp_path, mode):
    image = Image.fromarray(COLOUR).convert(mode)
    ending = "png" if mode in ("RGB", "RGBA", "P") else "tif"
    image.save(tmp_path / f"a.{ending}")
    assert np.abs(pixels(tmp_path / f"a.{ending}").astype(int) - np.asarray(image.convert("RGB"))).max() <= 2


def test_what_is_transparent_is_white(tmp_path):
    grey = Image.merge("LA", [Image.fromarray(RAMP), Image.new("L", (32, 32), 0)])
    grey.save(tmp_path / "grey.png")
    assert pixels(tmp_path / "grey.png").shape == (32, 32, 1) and pixels(tmp_path / "grey.png").min() == 255
    palette = Image.fromarray(RAMP).convert("P")
    palette.save(tmp_path / "palette.gif", transparency=palette.getpixel((0, 0)))
    drawn = pixels(tmp_path / "palette.gif")
    assert drawn.shape == (32, 32, 1) and drawn[0, 0, 0] == 255 and drawn[0, 31, 0] == 248


@pytest.mark.parametrize(
    ("values", "ending", "expected", "note"),
    [
        (np.array([[0, 257 * 100, 65535]], np.uint16), "png", [0, 100, 255], ""),
        (np.array([[0, 257 * 100, 65535]], np.uint16), "tif", [0, 100, 255], ""),
        (np.array([[0, 257 * 100, 65535]], np.uint16), "pgm", [0, 100, 255], ""),
        (np.array([[0, 16 * 128, 4080]], np.uint16), "tif", [0, 128, 255], "scaled by its own range, 0 to 4080"),
        (np.array([[100, 200, 355]], np.uint16), "png", [0, 100, 255], "scaled by its own range, 100 to 355"),
        (np.array([[0, 2**13, 2**14 - 1]], np.uint16), "tif", [0, 128, 255], "scaled by its own range, 0 to 16383"),
        (np.array([[0, 2**13, 2**14]], np.uint16), "tif", [0, 32, 64], ""),
        (np.array([[0, 0, 0]], np.uint16), "png", [0, 0, 0], ""),
        (np.array([[-10, 0, 10]], np.int32), "tif", [0, 128, 255], "scaled by its own range, -10 to 10"),
        (np.array([[0, 10**6, 2 * 10**9]], np.int32), "tif", [0, 0, 255], "scaled by its own range, 0 to 2e+09"),
        (np.array([[0, 0.2, 1]], np.float32), "tif", [0, 51, 255], ""),
        (np.array([[0.2, 0.2, 0.4]], np.float32), "tif", [51, 51, 102], ""),
        (np.array([[-1, 0, 3]], np.float32), "tif", [0, 64, 255], "scaled by its own range, -1 to 3"),
    ],
)
def test_more_than_eight_bits(tmp_path, values, ending, expected, note):
    Image.fromarray(np.repeat(values, 3, axis=0)).save(tmp_path / f"a.{ending}")
    square = decode(tmp_path / f"a.{ending}", 3)
    assert square.pixels.shape == (3, 3, 1) and square.note == note
    assert square.pixels[1, :, 0].tolist() == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full((4, 4), 7, np.uint16), "holds the value 7 only, in a type of 16 bits"),
        (np.full((4, 4), 7, np.int32), "holds the value 7 only, in a type of 32 bits"),
        (np.full((4, 4), 7, np.float32), "holds the value 7 only"),
        (np.full((4, 4), np.nan, np.float32), "not finite"),
        (np.full((4, 4), np.inf, np.float32), "not finite"),
    ],
)
def test_what_has_no_range_is_refused(tmp_path, values, message):
    Image.fromarray(values).save(tmp_path / "a.tif")
    with pytest.raises(ValueError, match=message):
        decode(tmp_path / "a.tif", 4)


@pytest.mark.parametrize("ending", ["gif", "png", "tif", "webp"])
def test_of_several_frames_the_first_is_taken_and_said(tmp_path, ending):
    first, second = Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)
    first.save(
        tmp_path / f"a.{ending}",
        save_all=True,
        append_images=[second],
        **({"lossless": True} if ending == "webp" else {}),
    )
    square = decode(tmp_path / f"a.{ending}", 32)
    assert square.note == "the first of 2 frames"
    assert np.abs(square.pixels.astype(int) - COLOUR).mean() < 20  # a GIF has 256 colours


@pytest.mark.parametrize("name", ["a", "a.jfif", "a.JPE", "a.png", "a.txt"])
def test_the_content_tells_the_format(tmp_path, name):
    Image.fromarray(COLOUR).save(tmp_path / name, format="JPEG")
    assert is_picture(tmp_path / name) and pixels(tmp_path / name).shape == (32, 32, 3)


@pytest.mark.parametrize(("ending", "feature"), [("avif", "avif"), ("jp2", "jpg_2000"), ("webp", "webp")])
def test_formats_of_pillows_plugins(tmp_path, ending, feature):
    if not features.check(feature):
        pytest.skip(f"this Pillow has no {feature}")
    Image.fromarray(COLOUR).save(tmp_path / f"a.{ending}")
    assert np.abs(pixels(tmp_path / f"a.{ending}").astype(int) - COLOUR).mean() < 20


def test_heic_names_its_remedy(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    assert is_picture(tmp_path / "a.heic")
    with pytest.raises(Image.UnidentifiedImageError) as told:
        decode(tmp_path / "a.heic", 8)
    assert "pip install pillow-heif" in reason(tmp_path / "a.heic", told.value)


def test_heic_is_read_where_its_plugin_is_installed(tmp_path, monkeypatch):
    registered = []
    plugin = types.SimpleNamespace(register_heif_opener=lambda: registered.append(True))
    monkeypatch.setitem(sys.modules, "pillow_heif", plugin)
    monkeypatch.setattr(decoding.importlib.util, "find_spec", lambda name: name == "pillow_heif")
    monkeypatch.setattr(decoding, "_formats", decoding._formats.__wrapped__)
    Image.fromarray(COLOUR).save(tmp_path / "a.png")
    assert pixels(tmp_path / "a.png").shape == (32, 32, 3) and registered


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "an empty file"), (b"%!PS-Adobe-3.0 EPSF-3.0\n" * 9, "no picture that Pillow can read")]
)
def test_reasons(tmp_path, content, why):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(Image.UnidentifiedImageError) as told:
        decode(tmp_path / "a.png", 8)
    assert reason(tmp_path / "a.png", told.value) == why
    assert (
        reason(tmp_path / "a.png", ValueError("one\ntwo")) == "one" and reason(tmp_path, ValueError()) == "ValueError"
    )


def written(format, image, **options):
    content = io.BytesIO()
    image.save(content, format=format, **options)
    return content.getvalue()


FILES = {
    "PNG": written("PNG", Image.fromarray(COLOUR)),
    "palette": written("PNG", Image.fromarray(COLOUR).convert("P")),
    "deep": written("PNG", Image.fromarray(RAMP.astype(np.uint16) * 257)),
    "JPEG": written("JPEG", Image.fromarray(COLOUR)),
    "GIF": written("GIF", Image.fromarray(RAMP), save_all=True, append_images=[Image.fromarray(RAMP.T)]),
    "TIFF": written("TIFF", Image.fromarray(RAMP.astype(np.float32))),
    "WEBP": written("WEBP", Image.fromarray(COLOUR)),
    "BMP": written("BMP", Image.fromarray(COLOUR)),
    "PPM": written("PPM", Image.fromarray(RAMP)),
}


@settings(max_examples=150)
@given(
    name=st.sampled_from(sorted(FILES)),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), max_size=4),
    cut=st.floats(0, 1),
)
def test_damaged_bytes_give_a_square_or_a_named_error(tmp_path_factory, name, flips, cut):
    """Whatever a decoder makes of flipped bits and missing ends, the process goes on with a square or a reason."""
    content = bytearray(FILES[name])
    for place, bit in flips:
        content[int(place * len(content))] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[: round(cut * len(content))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_picture(path)
        try:
            square = decode(path, 8)
        except Exception as error:
            assert 0 < len(reason(path, error).splitlines()[0]) == len(reason(path, error))
        else:
            assert square.pixels.dtype == np.uint8 and square.pixels.shape in ((8, 8, 1), (8, 8, 3))


def test_a_decompression_bomb_is_refused(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )
    with pytest.raises(Image.DecompressionBombError):
        decode(tmp_path / "a.png", 8)
