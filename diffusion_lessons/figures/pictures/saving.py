"""A figure in a file, in the format of its ending."""

import io
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure

from diffusion_lessons.machine.files import check_writable, write_atomically

UNDATED = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}  # one figure, one file


def save_figure(figure: Figure, file: Path, dpi: float = 150) -> None:
    """Write a figure, whole or not at all. Raises what `check_figure` raises."""
    _check_ending(file)
    content, form = io.BytesIO(), file.suffix[1:].lower()
    figure.savefig(content, format=form, dpi=dpi, metadata=UNDATED.get(form))
    write_atomically(file, content.getvalue())


def check_figure(file: Path) -> None:
    """Raise now what would go wrong after the work: ValueError for the ending, OSError for the place."""
    _check_ending(file)
    check_writable(file)


def _check_ending(file: Path) -> None:
    endings = [f".{ending}" for ending in FigureCanvasBase.get_supported_filetypes()]
    if file.suffix.lower() not in endings:
        raise ValueError(f"{file} does not end as a figure does; use .png, .pdf or .svg")
