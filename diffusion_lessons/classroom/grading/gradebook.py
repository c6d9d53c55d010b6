"""The marks of a class as the gradebook holds them: what grading found, and what a teacher changed in Formgrader.

There is one set of marks. The report, the feedback pages and Formgrader all show what stands here.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from diffusion_lessons.classroom.course import ClassError

if TYPE_CHECKING:  # importing nbgrader takes seconds, for which not every command has to wait
    from nbgrader.api import Gradebook

FILE = "gradebook.db"
MARKS = """
select submission.student_id, notebook.id, notebook.late_submission_penalty,
       cell.name, coalesce(coalesce(grade.manual_score, grade.auto_score) + coalesce(grade.extra_credit, 0), 0),
       grade.needs_manual_grade
from assignment
join submitted_assignment as submission on submission.assignment_id = assignment.id
left join submitted_notebook as notebook on notebook.assignment_id = submission.id
left join grade on grade.notebook_id = notebook.id
left join base_cell as cell on cell.id = grade.cell_id
where assignment.name = ?
order by submission.student_id, cell.name
"""


@dataclass(frozen=True)
class Marks:
    """The points of one submission by graded cell, with corrections and extra credit; what is left for a person."""

    scores: dict[str, float] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()  # cells that are still to be graded by hand
    penalty: float = 0.0  # for handing in late, where the course has one

    @property
    def total(self) -> float:
        return max(0.0, sum(self.scores.values()) - self.penalty)


@contextmanager
def opened(course: Path) -> Iterator["Gradebook"]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{course / FILE}?timeout=120") as gradebook:
        yield gradebook


@contextmanager
def _connected(course: Path) -> Iterator[sqlite3.Connection]:
    """The gradebook as the file that it is, without waiting for nbgrader. Raises ClassError for a damaged one."""
    try:
        with closing(sqlite3.connect(course / FILE, timeout=120)) as connection, connection:
            yield connection
    except sqlite3.DatabaseError as error:
        raise ClassError(
            f"{course / FILE} cannot be read ({error}): put a copy of it back; without one, delete it, release the "
            "assignment again and grade with --again (marks given by hand are lost with it)"
        ) from error


def marks(course: Path, assignment: str) -> dict[str, Marks]:
    """The marks of every student who has some. Raises ClassError for a damaged gradebook."""
    if not (course / FILE).exists():
        return {}
    with _connected(course) as gradebook:
        found = gradebook.execute(MARKS, (assignment,)).fetchall()
    scores: dict[str, dict[str, float]] = {}
    waiting: dict[str, list[str]] = {}
    penalties: dict[str, dict[str, float]] = {}
    for student, notebook, penalty, cell, score, waits in found:
        of_student = scores.setdefault(student, {})
        penalties.setdefault(student, {})[notebook] = penalty or 0.0
        if cell is not None:
            of_student[cell] = score
            waiting.setdefault(student, []).extend([cell] if waits else [])
    return {
        student: Marks(scores[student], tuple(waiting.get(student, ())), sum(penalties[student].values()))
        for student in scores
    }


def enter_course(course: Path) -> None:
    """Enter the course under its folder's name, where that is new: a copy, or a folder that was renamed.

    nbgrader does that, too, but two of its processes at once would each try, and one would fail.
    """
    if (course / FILE).exists():
        with _connected(course) as gradebook:
            gradebook.execute("insert or ignore into course (id) values (?)", (course.resolve().name,))


def stay_graded(course: Path, assignment: str, student: str, before: Marks) -> None:
    """Take what a person has graded as graded after the same submission was graded once more.

    nbgrader asks a person to look again at every mark given by hand, which is right only where the work has changed.
    """
    with opened(course) as gradebook:
        for notebook in gradebook.find_submission(assignment, student).notebooks:
            for grade in notebook.grades:
                if grade.manual_score is not None and grade.name not in before.waiting:
                    grade.needs_manual_grade = False
        gradebook.db.commit()
