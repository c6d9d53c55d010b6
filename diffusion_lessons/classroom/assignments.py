"""Assignment sources: py:percent files with the solution in them, built to notebooks in nbgrader's form.

Three kinds of cell are marked in a source, and the rest of nbgrader's metadata follows from the mark:

    # %% write="ddim_step"                          the student writes this; the solution stands between
                                                    ### BEGIN SOLUTION and ### END SOLUTION
    # %% check="ddim_step" points=5                 the test of it; the cell is empty in the source and filled here:
                                                    a visible check, and a hidden one with another seed
    # %% check="by_hand" points=3 own=true          the same for a student's own numbers, drawn from the name
    # %% [markdown] essay="a2_explain" points=4     answered in words, graded by hand; the source holds the rubric

From the built notebook nbgrader derives the student's version; nothing is copied by hand.
"""

import hmac
from typing import Any

import jupytext
import nbformat
from nbformat import NotebookNode

from diffusion_lessons.machine import places

KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
SCHEMA = 3  # of nbgrader's cell metadata

VISIBLE = 'check("{name}", {name}, without_library=True).require()'
VISIBLE_OWN = 'check("{name}", {name}, seed=variant(STUDENT)).require()'
HIDDEN = """\
### BEGIN HIDDEN TESTS
# judged: {name}, seed={seed}
### END HIDDEN TESTS
"""  # the grader asks the function itself, elsewhere (sandbox/answers.py); the line says what, and on which inputs


def names() -> list[str]:
    """The assignments that have a source: A1, A2, ... Raises FileNotFoundError outside a clone of the repository."""
    return sorted(path.stem for path in places.assignments().glob("*.py"))


def build(assignment: str, secret: str) -> NotebookNode:
    """The instructor's notebook of an assignment; the seeds of its hidden tests follow from the course's secret."""
    source = places.assignments() / f"{assignment}.py"
    if not source.exists():
        raise ValueError(f"no assignment {assignment!r}; there are {', '.join(names())}")
    notebook = jupytext.read(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{assignment}-{number:02d}".lower()
        _complete(cell, f"{secret}/{assignment}")
    notebook.metadata = nbformat.from_dict({**KERNEL, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook


def _complete(cell: NotebookNode, secret: str) -> None:
    """Turn a cell's marks into nbgrader's metadata, and fill in test cells."""
    marks: dict[str, Any] = dict(cell.metadata)
    cell.metadata = NotebookNode()
    if "write" in marks:
        _mark(cell, marks["write"], solution=True)
    elif "check" in marks:
        name = marks["check"]  # of an exercise of diffusion_lessons.checks
        own = marks.get("own", False)
        seed = "None" if own else str(hidden_seed(secret, name))
        cell.source = HIDDEN.format(name=name, seed=seed) + (VISIBLE_OWN if own else VISIBLE).format(name=name)
        _mark(cell, f"{name}_test", grade=True, locked=True, points=marks["points"])
    elif "essay" in marks:
        _mark(cell, marks["essay"], solution=True, grade=True, points=marks["points"])


def _mark(cell: NotebookNode, grade_id: str, **flags: Any) -> None:
    fields = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": SCHEMA, **flags}
    cell.metadata["nbgrader"] = NotebookNode(grade_id=grade_id, **fields)


def hidden_seed(secret: str, name: str) -> int:
    """The seed of a hidden test: the same in every build of a course, another in the next course.

    Who knows one of them, from a feedback page, can tell none of the others.
    """
    return 1000 + int.from_bytes(hmac.digest(secret.encode(), name.encode(), "sha256")[:4])
