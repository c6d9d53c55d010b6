"""The badge and the set-up cell with which a lesson opens in Google Colab, and the address that both lead to.

    python -m website.colab                # from where the lessons open, by pyproject.toml
    python -m website.colab OWNER/NAME     # it is published there: write that into pyproject.toml and all lessons

The sources of the lessons hold neither: building puts them in, behind the opening, the same in each. The set-up cell
brings the library without JupyterLab into what Colab has, and does nothing where the course is installed.
"""

import argparse
import base64
import re
import tomllib
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from diffusion_lessons.machine.files import write_together
from website.links import LESSONS, ROOT

PROJECT = ROOT / "pyproject.toml"
BADGE = Path(__file__).parent / "static/colab.png"  # JupyterLab shows no attached SVG
TAG = "colab"  # of both cells
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
LINE = re.compile(r'^Source = "https://github\.com/([^"]+)"', re.M)
BADGE_TEXT = "[![Open this lesson in Google Colab]({picture})]({address})"
SET_UP = """\
# @title In Google Colab, run this cell first. Where the course is installed, it does nothing.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("diffusion_lessons") is None:
    course = "diffusion-lessons @ https://github.com/{repository}/archive/refs/heads/main.zip"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", course], check=True)"""


def repository() -> str:
    """OWNER/NAME on GitHub, by pyproject.toml."""
    address = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["urls"]["Source"]
    return address.removeprefix("https://github.com/")


def opens_at(name: str) -> str:
    """The address at which Colab opens the lesson of this name."""
    return f"https://colab.research.google.com/github/{repository()}/blob/main/{LESSONS}/{name}.ipynb"


def badge(name: str, picture: str) -> str:
    """The badge of a lesson as Markdown, with its picture at this place."""
    return BADGE_TEXT.format(picture=picture, address=opens_at(name))


def cells(name: str) -> list[NotebookNode]:
    """The badge, which holds its picture, and the set-up cell of a lesson."""
    picture = base64.b64encode(BADGE.read_bytes()).decode()
    first = new_markdown_cell(
        badge(name, f"attachment:{BADGE.name}"),
        id="colab-badge",
        metadata={"tags": [TAG]},
        attachments={BADGE.name: {"image/png": picture}},
    )
    second = new_code_cell(SET_UP.format(repository=repository()), id="colab-set-up", metadata={"tags": [TAG]})
    second.execution_count = 0  # the build does not run it, and nbval sees that it says nothing
    return [first, second]


def of_colab(cell: NotebookNode) -> bool:
    """Whether a cell is one of these two."""
    return TAG in cell.metadata.get("tags", [])


def add_cells(notebook: NotebookNode, name: str) -> None:
    """Put the two behind the opening, in place of earlier ones."""
    kept = [cell for cell in notebook.cells if not of_colab(cell)]
    notebook.cells = [*kept[:1], *cells(name), *kept[1:]]


def with_cells(lesson: Path) -> bytes:
    """A built lesson with the two cells of today; its other cells stay as they are."""
    notebook = nbformat.read(lesson, as_version=4)
    add_cells(notebook, lesson.stem)
    for cell in filter(of_colab, notebook.cells):
        fold(cell)
    nbformat.validate(notebook)
    return f"{nbformat.writes(notebook)}\n".encode()


def fold(cell: NotebookNode) -> None:
    """A cell of code that need not be read: folded until somebody opens it."""
    if cell.cell_type == "code":
        cell.metadata["jupyter"] = {"source_hidden": True}


def publish(at: str) -> None:
    """Write the repository OWNER/NAME into pyproject.toml and into all lessons. ValueError for what is none."""
    if not REPOSITORY.fullmatch(at):
        raise ValueError(f"{at!r} is no repository on GitHub; write OWNER/NAME")
    text, replaced = LINE.subn(f'Source = "https://github.com/{at}"', PROJECT.read_text(encoding="utf-8"))
    if replaced != 1:
        raise ValueError(f'{PROJECT.name} has no line Source = "https://github.com/..." below [project.urls]')
    write_together({PROJECT: text.encode()})
    write_together({lesson: with_cells(lesson) for lesson in sorted((ROOT / LESSONS).glob("[0-9][0-9]*.ipynb"))})


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m website.colab", description="Where lessons open in Google Colab.")
    parser.add_argument("repository", nargs="?", metavar="OWNER/NAME", help="where the course is published on GitHub")
    options = parser.parse_args(arguments)
    if options.repository:
        try:
            publish(options.repository)
        except ValueError as error:
            parser.error(str(error))
    print(f"the lessons open in Google Colab from https://github.com/{repository()}")


if __name__ == "__main__":
    main()
