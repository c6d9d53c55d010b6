"""The marks of a class as the gradebook holds them: what grading found, and what a teacher changed in Formgrader.

There is one set of marks. The report, the feedback pages and Formgrader all show what stands here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing nbgrader takes seconds, for which not every command has to wait
    from nbgrader.api import Gradebook, SubmittedAssignment


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

    with Gradebook(f"sqlite:///{course / 'gradebook.db'}?timeout=120") as gradebook:
        yield gradebook


def marks(course: Path, assignment: str) -> dict[str, Marks]:
    """The marks of every student who has some."""
    if not (course / "gradebook.db").exists():
        return {}
    from nbgrader.api import MissingEntry

    with opened(course) as gradebook:
        try:
            found = gradebook.find_assignment(assignment).submissions
        except MissingEntry:
            return {}
        return {submission.student.id: _marks(submission) for submission in found}


def _marks(submission: "SubmittedAssignment") -> Marks:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    waiting = tuple(sorted(grade.name for grade in grades if grade.needs_manual_grade))
    return Marks({grade.name: grade.score for grade in grades}, waiting, submission.late_submission_penalty or 0.0)


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
