"""Where the lessons are, how one is read, and the surroundings in which every lesson is run."""

import json
import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from website.colab import add_cells

ROOT = Path(__file__).resolve().parents[1]
SOURCES, LESSONS = ROOT / "notebooks/source", ROOT / "notebooks/lessons"
BUDGETS, CONCEPTS = ROOT / "notebooks/budgets.json", SOURCES / "concepts.json"
OFFLINE = ROOT / "tools/offline"


def names(chosen: list[str] | None = None) -> list[str]:
    """The lessons by name, such as "04_ddim"; `chosen` may abbreviate them: ["04", "01_noise"]."""
    found = sorted(path.stem for path in SOURCES.glob("[0-9][0-9]*_*.py"))
    if not chosen:
        return found
    wanted = []
    for text in chosen:
        fitting = [name for name in found if name == text or name.startswith(f"{text}_")]
        if not fitting:
            raise ValueError(f"no lesson {text!r}; the lessons are {', '.join(found)}")
        wanted += fitting
    return wanted


def read_source(path: Path) -> NotebookNode:
    """A py:percent file as a notebook without outputs, whose cells have fixed ids, with the two for Google Colab."""
    notebook = jupytext.read(path, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    add_cells(notebook, path.stem)
    return notebook


def read_built(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def content(notebook: NotebookNode) -> list[tuple[str, str, list[str]]]:
    """What a source and its notebook must agree in: the type, the text and the tags of each cell."""
    return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else {}


def set_surroundings() -> None:
    """One thread, no progress bars, no network, nobody's own IPython settings: for this process and its kernels."""
    (ROOT / "runs/ipython").mkdir(parents=True, exist_ok=True)
    os.environ.update(
        OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"),
        TQDM_DISABLE="1",
        IPYTHONDIR=str(ROOT / "runs/ipython"),
        PYTHONPATH=os.pathsep.join([str(OFFLINE), *filter(None, [os.environ.get("PYTHONPATH")])]),
    )
