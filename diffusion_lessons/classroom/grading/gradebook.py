"""The marks of a class as the gradebook holds them: what grading found, and what a teacher changed in Formgrader.

There is one set of marks. The report, the feedback pages and Formgrader all show what stands here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from diffusion_lessons.classroom.course import ClassError

if TYPE_CHECKING:  # importing nbgrader takes seconds, for which not every command has to wait
    from nbgrader.api import Gradebook, SubmittedAssignment

FILE = "gradebook.db"


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
    """The gradebook, with the course entered under its folder's name. Raises ClassError for one that cannot be used."""
    from nbgrader.api import Gradebook
    from sqlalchemy.exc import DatabaseError

    file = course / FILE
    if file.exists() and not file.stat().st_size:  # nbgrader would make a new one of it, without the class
        raise _unreadable(file, "it is empty")
    try:
        with Gradebook(f"sqlite:///{file}?timeout=120", course.resolve().name) as gradebook:
            yield gradebook
    except DatabaseError as error:
        raise _unreadable(file, error.orig) from error


def _unreadable(file: Path, why: object) -> ClassError:
    return ClassError(
        f"{file} cannot be read ({why}): put a copy of it back; without one, delete it, release the assignment again "
        "and grade with --again (marks given by hand are lost with it)"
    )


def marks(course: Path, assignment: str) -> dict[str, Marks]:
    """The marks of every student who has some. Raises ClassError for a damaged gradebook."""
    if not (course / FILE).exists():
        return {}
    from nbgrader.api import MissingEntry

    with opened(course) as gradebook:
        try:
            found = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return {}
        return {submission.student.id: _marks(submission) for submission in found}


def marks_of(course: Path, assignment: str, student: str) -> Marks:
    """The marks of one student, none where nothing was graded. Raises ClassError for a damaged gradebook."""
    if not (course / FILE).exists():
        return Marks()
    from nbgrader.api import MissingEntry

    with opened(course) as gradebook:
        try:
            return _marks(gradebook.find_submission(assignment, student))
        except MissingEntry:
            return Marks()


def _marks(submission: "SubmittedAssignment") -> Marks:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    waiting = tuple(sorted(grade.name for grade in grades if grade.needs_manual_grade))
    return Marks({grade.name: grade.score for grade in grades}, waiting, submission.late_submission_penalty)


def enter_course(course: Path) -> None:
    """Enter the course under its folder's name, where that is new: a copy, or a folder that was renamed.

    nbgrader does that whenever it opens a gradebook, but two of its processes at once would each try, and one would
    fail.
    """
    if (course / FILE).exists():
        with opened(course):
            pass


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
