"""A course folder: nbgrader's folders, its configuration, and a secret from which hidden seeds follow.

course/
    nbgrader_config.py   two lines: everything comes from `configure` below
    secret.txt           keep it: the same secret builds the same hidden tests
    limits.json          what one submission may use; edit it
    source/A1/A1.ipynb   built, with solutions
    release/A1/A1.ipynb  for the students
    submitted/NAME/A1/A1.ipynb, autograded/, feedback/, gradebook.db
"""

import json
import os
import re
import secrets
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)
from traitlets.config import Config

from diffusion_lessons.classroom import assignments as source
from diffusion_lessons.classroom.sandbox.sandbox import Limits

CONFIGURATION = '''\
"""nbgrader's settings for this course; `nbgrader` commands started in this folder read them, too."""

from diffusion_lessons.classroom.course import configure

c = configure(get_config())  # noqa: F821
'''
GRADING = "diffusion_lessons.classroom.grading"  # whose parts nbgrader imports when it needs them
NAME = re.compile(r"[A-Za-z0-9][\w.@-]*")


class ClassError(ValueError):
    """Something that the teacher can mend."""


def configure(c: Config, course: Path | None = None) -> Config:
    """Fill in nbgrader's settings; `course` is the current folder where nbgrader itself reads them."""
    root = Path(course or os.getcwd()).resolve()
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.course_id = root.name
    c.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}?timeout=120"  # several processes grade at once
    c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()  # your code here"}
    c.ClearSolutions.text_stub = "*Your answer here.*"
    c.GenerateAssignment.permissions = 644
    c.Autograde.permissions = 644  # nbgrader's 444 cannot be graded a second time
    c.Autograde.sanitize_preprocessors = [
        ClearOutput,
        f"{GRADING}.preprocessors.RestoreTests",
        OverwriteKernelspec,
        OverwriteCells,
        f"{GRADING}.cleaning.Clean",
        CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        f"{GRADING}.preprocessors.SandboxedExecute",
        f"{GRADING}.preprocessors.Judge",
        f"{GRADING}.cleaning.Clean",
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.HTMLExporter.preprocessors = [f"{GRADING}.cleaning.Clean"]  # of feedback pages and of Formgrader
    c.HTMLExporter.filters = {"markdown2html": f"{GRADING}.cleaning.markdown2html"}
    c.SandboxedExecute.limits = c.Judge.limits = json.loads((root / "limits.json").read_text())
    return c


def api(course: Path) -> NbGraderAPI:
    """nbgrader's own interface to a course folder."""
    config = configure(Config(), checked(course))
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic, which need not be on the PATH
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


def checked(course: Path) -> Path:
    if not (course / "nbgrader_config.py").exists():
        raise ClassError(f"{course} is not a course folder; make one with: diffusion-lessons class new {course}")
    return course


def new(course: Path) -> list[str]:
    """Make a course folder (or build the sources of an existing one again); the names of its assignments."""
    names = source.names()
    course.mkdir(parents=True, exist_ok=True)
    secret = course / "secret.txt"
    if not secret.exists():
        write(secret, secrets.token_hex(16) + "\n")
        secret.chmod(0o600)
    if not (course / "limits.json").exists():
        write(course / "limits.json", json.dumps(asdict(Limits()), indent=2) + "\n")
    write(course / "nbgrader_config.py", CONFIGURATION)
    for name in names:
        build(course, name)
    return names


def build(course: Path, assignment: str) -> Path:
    """Build the instructor's notebook of one assignment."""
    notebook = source.build(assignment, (checked(course) / "secret.txt").read_text().strip())
    target = course / "source" / assignment / f"{assignment}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    write(target, nbformat.writes(notebook) + "\n")
    return target


def release(course: Path, assignment: str) -> Path:
    """Derive the students' notebook, without solutions and hidden tests, and enter the assignment in the gradebook."""
    build(course, assignment)
    done(api(course).generate_assignment(assignment, force=True, create=True))
    return course / "release" / assignment / f"{assignment}.ipynb"


def collect(course: Path, assignment: str, folder: Path) -> list[str]:
    """Sort a folder of handed-in notebooks into the course: NAME.ipynb, or NAME/anything.ipynb; the students' names."""
    students: dict[str, Path] = {}
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder)
        if any(part.startswith(".") for part in inside.parts):
            continue
        student = inside.parts[0] if len(inside.parts) > 1 else path.stem
        if not NAME.fullmatch(student):
            raise ClassError(f"{path}: {student!r} is no name for a student; use letters, digits, dots and hyphens")
        if student in students:
            raise ClassError(f"two notebooks of {student}: {students[student]} and {path}; keep one of them")
        students[student] = path
    if not students:
        raise ClassError(f"no notebooks in {folder}; expected NAME.ipynb or NAME/{assignment}.ipynb")
    for student, path in students.items():
        target = checked(course) / "submitted" / student / assignment / f"{assignment}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target.with_suffix(".part"))
        os.replace(target.with_suffix(".part"), target)
    return list(students)


def feedback(course: Path, assignment: str) -> Path:
    """Write a page for each graded student: feedback/NAME/ASSIGNMENT/ASSIGNMENT.html."""
    done(api(course).generate_feedback(assignment, force=True))
    return course / "feedback"


def done(answer: dict) -> None:
    """Raise what nbgrader reports as a failure."""
    if not answer["success"]:
        raise ClassError(f"nbgrader: {answer.get('log') or ''}{answer.get('error') or ''}".strip())


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    os.replace(part, path)
