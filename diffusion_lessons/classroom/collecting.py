"""Sort an inbox into the course: one notebook a student, the latest that is of this assignment; the rest is told.

Nobody's faulty file stops the class.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from diffusion_lessons.classroom import submission
from diffusion_lessons.classroom.course import ClassError, assigned, assignments
from diffusion_lessons.classroom.inbox import File, Student, Unreadable, contents, printable
from diffusion_lessons.classroom.register import Register
from diffusion_lessons.machine.files import write_atomically

MOST_NOTEBOOKS = 20  # of one student that are looked at
VERSIONS = ("copy", "final", "version", "v", "new", "old", "draft", "fixed", "solutions?", "submission", "homework")
NOT_A_NAME = "the name of a file, not of a student; name it after its student, or put it into a folder of that name"


@dataclass
class Collected:
    """What became of an inbox: whose notebook is in the course now, and whatever a teacher should know."""

    students: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)  # of these, who had handed in something else before
    names: dict[str, str] = field(default_factory=dict)  # from the name as it was handed in to the student's
    left_out: list[tuple[str, str]] = field(default_factory=list)  # where, and why
    notes: list[tuple[str, str]] = field(default_factory=list)  # student, and what to know


def collect(course: Path, assignment: str, inbox: Path) -> Collected:
    """Take the notebooks of an inbox (a folder, or a platform's zip) as submissions.

    Raises ClassError where the course has no such assignment, or nothing in the inbox can be taken.
    """
    assigned(course, assignment)
    done, register, found = Collected(), Register(course), contents(inbox)
    names_of_assignments = assignments(course)
    namesakes = _namesakes(student for student, _ in found)
    files = defaultdict[str, list[tuple[Student, File]]](list)
    for student, file in found:
        if any(_is_file_name(student.name, each) for each in names_of_assignments):
            done.left_out.append((file.where, file.left_out or NOT_A_NAME))
            continue
        shared = student.name in namesakes
        name = register.student(student.name, student.number if shared else "")
        files[name].append((student, file))
        if name != student.name:
            done.names[printable(student.name) + (f" ({printable(student.number)})" if shared else "")] = name
    for name in sorted(files):
        _collect_one(course, assignment, name, files[name], done)
    if not done.students:
        reasons = "".join(f"\n  {where}: {why}" for where, why in done.left_out[:5])
        wanted = f"expected NAME.ipynb, NAME/{assignment}.ipynb, or a platform's zip"
        raise ClassError(f"no notebooks of {assignment} in {inbox}; {wanted}{reasons}")
    register.save()
    return done


def _collect_one(course: Path, assignment: str, name: str, files: list[tuple[Student, File]], done: Collected) -> None:
    """Take the best of one student's files: of this assignment, with its marks, and of those the latest."""
    notebooks = sorted((file.order, number) for number, (_, file) in enumerate(files) if file.is_notebook)
    passed_over = {number for _, number in notebooks[:-MOST_NOTEBOOKS]}
    if passed_over:
        where = files[min(passed_over)][1].where
        done.left_out.append((where, f"{name} handed in {len(notebooks)}; the latest {MOST_NOTEBOOKS} were looked at"))
    candidates = []
    for student, file in (each for number, each in enumerate(files) if number not in passed_over):
        if not file.is_notebook or file.left_out:
            if file.left_out:
                done.left_out.append((file.where, file.left_out))
            continue
        try:
            notebook, data = submission.parse(file.read())
            note = submission.judge(notebook, course, assignment, assignments(course))
        except Unreadable as error:
            done.left_out.append((file.where, str(error)))
            continue
        except OSError as error:
            done.left_out.append((file.where, f"it cannot be read ({error.strerror})"))
            continue
        candidates.append((not note, file.order, student, file, data, note))
    if not candidates:
        if not any(file.is_notebook or file.left_out for _, file in files):
            done.left_out.append((files[0][1].where, "no notebook"))
        return
    *others, (_, _, student, file, data, note) = sorted(candidates, key=lambda each: each[:2])
    for other in others:
        done.left_out.append((other[3].where, f"{name} handed in several; {file.where} was taken"))
    done.notes += [(name, note)] if note else []
    done.notes += [(name, "marked as late by the platform")] if student.late else []
    target = course / "submitted" / name / assignment / f"{assignment}.ipynb"
    if target.exists() and target.read_bytes() != data:
        done.replaced.append(name)
    write_atomically(target, data)
    done.students.append(name)


def _is_file_name(name: str, assignment: str) -> bool:
    """Whether a "student" is A1, A1 (2), A1-Copy1, A1_final_v2: what a notebook is called, not a person."""
    pieces = rf"[ _.()\d-]|{'|'.join(VERSIONS)}"  # each by itself: nested repetition would take exponential time
    return re.fullmatch(rf"{re.escape(assignment)}(?:{pieces})*", name, re.IGNORECASE) is not None


def _namesakes(students: Iterable[Student]) -> set[str]:
    """Names that the platform gave several numbers."""
    numbers = defaultdict[str, set[str]](set)
    for student in students:
        numbers[student.name].add(student.number)
    return {name for name, found in numbers.items() if len(found - {""}) > 1}
