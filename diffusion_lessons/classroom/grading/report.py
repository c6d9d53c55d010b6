"""What a teacher wants to know of a graded assignment: scores, what is left to grade by hand, and common mistakes.

The scores are the gradebook's, corrections in Formgrader included; the mistakes are read off the graded notebooks.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import nbformat

from diffusion_lessons.classroom.course import assigned
from diffusion_lessons.classroom.grading.gradebook import Marks, marks
from diffusion_lessons.classroom.grading.whole_class import graded_notebook, records, submissions
from diffusion_lessons.classroom.inbox import printable
from diffusion_lessons.classroom.register import Register
from diffusion_lessons.classroom.submission import CUT_SHORT, FLAG
from diffusion_lessons.machine.files import write_atomically

# Words in a student's own cells that are worth a look: they reach for the solutions or for the grader.
WORTH_A_LOOK = re.compile(r"EXERCISES|\.solution\b|exercise\(|gradebook|publish_display_data|allclose\s*=|/proc/")
NOT_GRADED = "not graded yet"
NOT_IN_GRADEBOOK = "not in the gradebook (was that replaced?): grade it with --again"


@dataclass
class Row:
    """One student; `name` is the one under which the work was handed in, where it differs."""

    student: str
    points: dict[str, float] = field(default_factory=dict)  # of each test
    mistakes: dict[str, str] = field(default_factory=dict)  # recognised, by exercise
    by_hand: float = 0.0
    penalty: float = 0.0  # for handing in late
    needs_hand: bool = False
    look: str = ""  # words in the code that a teacher should see
    trouble: str = ""  # why it has no points, or why its run ended early
    name: str = ""

    @property
    def total(self) -> float:
        return max(0.0, sum(self.points.values()) + self.by_hand - self.penalty)


def rows(course: Path, assignment: str) -> list[Row]:
    """A row for every submission, graded or not."""
    graded, scores = records(course, assigned(course, assignment)), marks(course, assignment)
    found = [_row(course, assignment, student, graded, scores) for student in submissions(course, assignment)]
    register = Register(course)
    return [replace(row, name=register.name(row.student)) for row in found]


def joined(courses: Sequence[Path], assignment: str) -> list[Row]:
    """The rows of copies of one course in which parts of the class were graded: of each student the graded one."""
    chosen: dict[str, Row] = {}
    for row in (row for course in courses for row in rows(course, assignment)):
        if chosen.get(row.student, row).trouble in (NOT_GRADED, row.trouble):
            chosen[row.student] = row
    return [chosen[student] for student in sorted(chosen)]


def _row(course: Path, assignment: str, student: str, graded: dict, scores: dict[str, Marks]) -> Row:
    row = Row(student)
    if student not in graded or graded[student].trouble:
        row.trouble = graded[student].trouble if student in graded else NOT_GRADED
        return row
    if student not in scores:
        row.trouble = NOT_IN_GRADEBOOK
        return row
    found = scores[student]
    notebook = nbformat.read(graded_notebook(course, assignment, student), 4)
    row.trouble = notebook.metadata.get(CUT_SHORT, "")
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        marked = cell.metadata.get("nbgrader", {})
        if not marked.get("locked"):
            row.look = row.look or _worth_a_look(cell.source)
        for output in cell.get("outputs", []):
            flag = output.get("metadata", {}).get(FLAG)
            if flag and marked.get("grade"):
                row.points[flag["check"] or marked["grade_id"]] = found.scores[marked["grade_id"]]
                if flag["mistake"]:
                    row.mistakes[flag["check"]] = flag["mistake"]
    row.by_hand, row.penalty = sum(found.scores.values()) - sum(row.points.values()), found.penalty
    row.needs_hand = bool(found.waiting)
    return row


def _worth_a_look(code: str) -> str:
    match = WORTH_A_LOOK.search(code)
    return match[0] if match else ""


def table(rows: list[Row]) -> str:
    """The rows as CSV: one column for each test, what was graded by hand, the total, and what to look at."""
    tests = list(dict.fromkeys(name for row in rows for name in row.points))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["student", "name", *tests, "by hand", "total", "still to grade by hand", "look at", "trouble"])
    for row in rows:
        points = [f"{row.points[name]:g}" if name in row.points else "" for name in tests]
        hand = "yes" if row.needs_hand else ""
        told = [_text(each) for each in (row.student, row.name or row.student, row.look, row.trouble)]
        writer.writerow([*told[:2], *points, f"{row.by_hand:g}", f"{row.total:g}", hand, *told[2:]])
    return text.getvalue()


def _text(text: str) -> str:
    """A text that a spreadsheet does not take for a formula, nor a terminal for commands."""
    shown = printable(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@")) else shown


def common_mistakes(rows: list[Row]) -> list[tuple[str, str, int]]:
    """(exercise, mistake, students who made it), the most common first."""
    counts = Counter((name, mistake) for row in rows for name, mistake in row.mistakes.items())
    return [(name, mistake, count) for (name, mistake), count in counts.most_common()]


def save(course: Path, assignment: str, rows: list[Row]) -> Path:
    path = course / f"report-{assignment}.csv"
    write_atomically(path, table(rows).encode())
    return path
