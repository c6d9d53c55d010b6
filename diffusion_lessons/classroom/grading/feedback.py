"""Pages to hand back: one for each student whose work is graded in whole."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from diffusion_lessons.classroom.course import ClassError, api, assigned, done
from diffusion_lessons.classroom.grading.gradebook import marks
from diffusion_lessons.classroom.grading.whole_class import is_graded, submissions


@dataclass(frozen=True)
class Pages:
    """For whom a page was written, and for whom not: the essay waits, or the work is not graded as it is now."""

    folder: Path
    written: tuple[str, ...]
    waiting: tuple[str, ...]
    not_graded: tuple[str, ...]


def feedback(course: Path, assignment: str, *, anyway: bool = False) -> Pages:
    """Write feedback/STUDENT/ASSIGNMENT/ASSIGNMENT.html for whoever is graded; remove pages that no longer hold.

    Who waits for a mark given by hand gets no page, unless `anyway`: it would say 0 points.
    Raises ClassError where nothing is graded.
    """
    handed_in = submissions(course, assigned(course, assignment))
    graded = {student for student, path in handed_in.items() if is_graded(course, assignment, student, path)}
    if not graded:
        raise ClassError(f"no submission of {assignment} is graded: diffusion-lessons class grade {assignment}")
    scores = marks(course, assignment)
    waiting = {student for student in graded if student not in scores or scores[student].waiting}
    written = sorted(graded if anyway else graded - waiting)
    folder = course / "feedback"
    for student in {path.parent.name for path in folder.glob(f"*/{assignment}")} - set(written):
        shutil.rmtree(folder / student / assignment)
    nbgrader = api(course)
    for student in written:
        done(nbgrader.generate_feedback(assignment, student, force=True))
    return Pages(folder, tuple(written), tuple(sorted(waiting)), tuple(sorted(set(handed_in) - graded)))
