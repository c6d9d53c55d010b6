"""Is this file a notebook, and of which assignment? Decided without nbgrader, on whatever was handed in."""

import json
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from diffusion_lessons.classroom.inbox import Unreadable

FLAG = "diffusion_lessons"  # key of the metadata that a verdict leaves at an output for the report
SURROGATES = re.compile("[\ud800-\udfff]")  # halves of a character, which no file of UTF-8 can hold
CUT_SHORT = "cut_short"  # key of the notebook's metadata that says why a run ended early
AGAIN = "ask for the notebook again"
STARTS = {b"%PDF": "a PDF", b"PK": "an archive", b"<": "a web page", b"\x89PNG": "a picture"}


def parse(data: bytes) -> tuple[dict[str, Any], bytes]:
    """A notebook, and the bytes to keep of it: its own, or UTF-8 of format 4 where it was something else.

    Raises Unreadable for what is no notebook.
    """
    if not data.strip():
        raise Unreadable(f"it is empty; {AGAIN}")
    try:
        notebook = json.loads(data)  # finds out about UTF-16 and byte order marks
    except (ValueError, RecursionError):
        kind = next((name for start, name in STARTS.items() if data.lstrip().startswith(start)), None)
        raise Unreadable(f"{kind or 'it is damaged, or something else'}, and no notebook; {AGAIN}") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise Unreadable(f"it is JSON, but no notebook; {AGAIN}")
    if notebook["nbformat"] > 4:
        raise Unreadable(f"its format {notebook['nbformat']} is newer than 4, which is read here; {AGAIN} in format 4")
    before = _is_utf8(data) and notebook["nbformat"] == 4
    try:
        text = json.dumps(notebook, ensure_ascii=False)
        if SURROGATES.search(text):
            notebook, before = json.loads(SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)), False
        notebook = notebook if notebook["nbformat"] == 4 else _converted(notebook)
        repaired = _repair(notebook)
        return notebook, data if before and not repaired else json.dumps(notebook, indent=1).encode()
    except RecursionError:
        raise Unreadable(f"its parts lie too deep in one another; {AGAIN}") from None


def _is_utf8(data: bytes) -> bool:
    try:
        return not data.decode().startswith("\N{ZERO WIDTH NO-BREAK SPACE}")
    except UnicodeDecodeError:
        return False


def _converted(notebook: dict[str, Any]) -> dict[str, Any]:
    import nbformat

    try:
        return nbformat.convert(nbformat.from_dict(notebook), 4)
    except Exception as error:  # whatever a damaged notebook of an old format lacks
        raise Unreadable(f"its format {notebook['nbformat']} could not be converted ({error}); {AGAIN}") from None


def _repair(notebook: dict[str, Any]) -> bool:
    """Put in what a notebook needs, drop what it can do without and nbgrader cannot read; whether anything was done.

    Raises Unreadable for what can be neither.
    """
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise Unreadable(f"it has no cells; {AGAIN}")
    repaired = not isinstance(notebook.get("metadata"), dict) or not _is_whole(notebook.get("nbformat_minor"))
    if repaired:
        notebook.update(metadata={}, nbformat_minor=4)
    for number, cell in enumerate(cells):
        if not isinstance(cell, dict) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Unreadable(f"one of its cells is no cell; {AGAIN}")
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise Unreadable(f"a cell has no source; {AGAIN}")
        wanted: dict[str, Any] = {"metadata": {}}
        if cell["cell_type"] == "code":
            wanted |= {"outputs": [], "execution_count": None}
        for key, value in wanted.items():
            if key not in cell or (value is not None and not isinstance(cell[key], type(value))):
                cell[key], repaired = value, True
        if "id" in cell and not (isinstance(cell["id"], str) and re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])):
            cell["id"], repaired = f"renamed-{number}", True
    if trouble := _invalid(notebook):
        _drop(notebook)
        if trouble := _invalid(notebook):
            raise Unreadable(f"it is no valid notebook ({trouble}); {AGAIN}")
        return True
    return repaired


def _is_whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0


def _invalid(notebook: dict[str, Any]) -> str:
    """Why nbgrader could not read a notebook, in one line, or ''."""
    import nbformat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of missing and repeated ids, which nbformat puts right by itself
        try:  # in copies of the cells, since it does so in place
            cells = [dict(cell) for cell in notebook["cells"]]
            nbformat.validate({**notebook, "cells": cells}, relax_add_props=True)
        except nbformat.ValidationError as error:
            return str(getattr(error, "message", error)).partition("\n")[0][:200]
    return ""


def _drop(notebook: dict[str, Any]) -> None:
    """Take out of a notebook each part that is not valid by itself, and that it can do without."""
    _keep(notebook["metadata"], lambda part: {"metadata": part})
    for cell in notebook["cells"]:
        bare = {"cell_type": cell["cell_type"], "source": "", "metadata": {}, "id": "a"}
        if cell["cell_type"] == "code":
            bare |= {"outputs": [], "execution_count": None}
            if not _is_whole(cell["execution_count"]):
                cell["execution_count"] = None
            cell["outputs"] = [
                one for one in cell["outputs"] if not _invalid(_alone(cells=[{**bare, "outputs": [one]}]))
            ]
        _keep(cell["metadata"], partial(_with_metadata, bare))
        if "attachments" in cell and _invalid(_alone(cells=[{**bare, "attachments": cell["attachments"]}])):
            del cell["attachments"]


def _with_metadata(cell: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    return {"cells": [{**cell, "metadata": metadata}]}


def _keep(metadata: dict[str, Any], within: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Leave of metadata what is valid where it stands."""
    for key in [key for key, value in metadata.items() if _invalid(_alone(**within({key: value})))]:
        del metadata[key]


def _alone(**parts: Any) -> dict[str, Any]:
    """A notebook of nothing else."""
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [], **parts}


def marks_of(cells: Iterable[dict[str, Any]]) -> set[str]:
    """nbgrader's names in the metadata of cells."""
    marked = (cell["metadata"].get("nbgrader") for cell in cells)
    names = (mark.get("grade_id") for mark in marked if isinstance(mark, dict))
    return {name for name in names if isinstance(name, str)}


def texts_of(cells: Iterable[dict[str, Any]]) -> set[str]:
    """The sources of cells, of those that say something."""
    texts = (source if isinstance(source := cell["source"], str) else "".join(source) for cell in cells)
    return {text.strip() for text in texts if len(text.strip()) > 20}


@dataclass(frozen=True)
class Known:
    """How one recognises an assignment: by its marks, or at least by its texts."""

    marks: frozenset[str]
    essays: frozenset[str]
    texts: frozenset[str]


@cache
def known(course: Path, assignment: str) -> Known:
    cells = json.loads((course / "source" / assignment / f"{assignment}.ipynb").read_bytes())["cells"]
    essays = [cell for cell in cells if cell["cell_type"] == "markdown" and marks_of([cell])]
    given = [cell for cell in cells if not marks_of([cell])]
    return Known(frozenset(marks_of(cells)), frozenset(marks_of(essays)), frozenset(texts_of(given)))


def judge(notebook: dict[str, Any], course: Path, assignment: str, others: Iterable[str]) -> str:
    """What a teacher should know of a notebook, or ''. Raises Unreadable if it is not of this assignment."""
    marks, texts = marks_of(notebook["cells"]), texts_of(notebook["cells"])
    course = course.resolve()
    wanted = known(course, assignment)
    found = marks & wanted.marks
    for other in others:
        theirs = known(course, other)
        if len(marks & theirs.marks) > len(found) or (
            not found and len(texts & theirs.texts) > len(texts & wanted.texts)
        ):
            raise Unreadable(f"this is {other}, not {assignment}; ask for {assignment}")
    if not found and not texts & wanted.texts:
        raise Unreadable(f"nothing in it is of {assignment}; ask for {assignment}")
    if not found:
        return "its cells have lost their marks (a tool dropped them): tests are put back, the essay is yours to find"
    return (
        "" if wanted.essays <= marks else "the cell of the essay is gone: look for the answer elsewhere in the notebook"
    )
