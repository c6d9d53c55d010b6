"""Options that several commands share, and the parsing of their text."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

T = TypeVar("T")  # the brackets of PEP 695 need Python 3.12

Device = Annotated[str | None, typer.Option(help="cuda, cuda:1, mps or cpu; by default the best available.")]
Change = Annotated[list[str] | None, typer.Option("--set", help="A recipe's field, NAME=VALUE; repeatable.")]
Pictures = Annotated[
    Path | None, typer.Option(help="A folder with the training images as pictures, instead of a download.")
]
Minutes = Annotated[
    float | None,
    typer.Option(min=0.001, max=10**6, help="Stop after this time instead of after the recipe's images."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what was made there before.")]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=2**63 - 1,
        help="Decides every random number; on a GPU the last digits of a training still vary.",
    ),
]
Batch = Annotated[int, typer.Option(min=1, help="Images sampled together; more on a GPU.")]
LARGEST_SIDE = 4096  # of an image, in pixels
MOST_IMAGES = 10_000  # in one picture
MOST_SAMPLES = 1_000_000
Precision = Annotated[
    Literal["auto", "float32", "bfloat16", "float16"],
    typer.Option(help="Of the convolutions in training; auto is half where the device supports it."),
]


def rows_and_columns(text: str) -> tuple[int, int]:
    """ "8x10" -> (8, 10)."""
    rows, cross, columns = text.lower().partition("x")
    if not (cross and rows.isdecimal() and columns.isdecimal() and int(rows) > 0 and int(columns) > 0):
        raise ValueError(f"--grid is ROWSxCOLUMNS, such as 8x8; got {text!r}")
    if int(rows) * int(columns) > MOST_IMAGES:
        raise ValueError(
            f"--grid {text} is {int(rows) * int(columns):,} images; a picture holds at most {MOST_IMAGES:,}"
        )
    return int(rows), int(columns)


def listed(text: str, read: Callable[[str], T]) -> list[T]:
    """ "10,20" -> [10, 20]."""
    try:
        return [read(word.strip()) for word in text.split(",")]
    except ValueError:
        raise ValueError(f"{text!r} should be values separated by commas, such as 10,20") from None


def named_values(texts: list[str] | None) -> dict[str, Any]:
    """["eta=0.5", "variance=large"] -> {"eta": 0.5, "variance": "large"}: options of a sampler or a recipe."""
    values: dict[str, Any] = {}
    for text in texts or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name or not value:
            raise ValueError(f"an option is written NAME=VALUE, such as eta=0.5; got {text!r}")
        if name in values:
            raise ValueError(f"{name} is given twice: as {values[name]!r} and as {value!r}")
        values[name] = _value(value)
    return values


def _value(text: str) -> Any:
    """A number, numbers separated by commas ("3," is a list of one, "," of none), true, false or none; otherwise the
    text, which may be in quotes.
    """
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    if "," in text:
        words = text.removesuffix(",").split(",") if text != "," else []
        numbers = [_value(word.strip()) for word in words]
        return numbers if all(isinstance(one, int | float) and not isinstance(one, bool) for one in numbers) else text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            pass
    return {"true": True, "false": False, "none": None}.get(text.lower(), text)
