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
import secrets
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from diffusion_lessons.machine.files import write_atomically

if TYPE_CHECKING:  # importing nbgrader takes seconds, for which not every command has to wait
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    from diffusion_lessons.classroom.sandbox.sandbox import Limits

CONFIGURATION = '''\
"""nbgrader's settings for this course; `nbgrader` commands started in this folder read them, too."""

from diffusion_lessons.classroom.course import configure

c = configure(get_config())  # noqa: F821
'''
GRADING = "diffusion_lessons.classroom.grading"  # whose parts nbgrader imports when it needs them


class ClassError(ValueError):
    """Something that the teacher can mend."""


def configure(c: "Config", course: Path | None = None) -> "Config":
    """Fill in nbgrader's settings; `course` is the current folder where nbgrader itself reads them."""
    from nbgrader import preprocessors

    root = Path(course or os.getcwd()).resolve()
    c.CourseDirectory.root = str(root)
    c.CourseDirectory.course_id = root.name
    c.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}?timeout=120"  # several processes grade at once
    c.ClearSolutions.code_stub = {"python": "raise NotImplementedError()  # your code here"}
    c.ClearSolutions.text_stub = "*Your answer here.*"
    c.GenerateAssignment.permissions = 644
    c.Autograde.permissions = 644  # nbgrader's 444 cannot be graded a second time
    c.Autograde.sanitize_preprocessors = [
        preprocessors.ClearOutput,
        f"{GRADING}.preprocessors.RestoreTests",
        preprocessors.OverwriteKernelspec,
        preprocessors.OverwriteCells,
        f"{GRADING}.cleaning.Clean",
        preprocessors.CheckCellMetadata,
    ]
    c.Autograde.autograde_preprocessors = [
        f"{GRADING}.preprocessors.SandboxedExecute",
        f"{GRADING}.preprocessors.Judge",
        f"{GRADING}.cleaning.Clean",
        preprocessors.LimitOutput,
        preprocessors.SaveAutoGrades,
        preprocessors.AssignLatePenalties,
        preprocessors.CheckCellMetadata,
    ]
    c.HTMLExporter.preprocessors = [f"{GRADING}.cleaning.Clean"]  # of feedback pages and of Formgrader
    c.HTMLExporter.filters = {"markdown2html": f"{GRADING}.cleaning.markdown2html"}
    c.SandboxedExecute.limits = c.Judge.limits = asdict(limits(root))
    c.RestoreTests.course = c.Judge.course = str(root)
    return c


def limits(course: Path) -> "Limits":
    """What one submission may use, from limits.json. Raises ClassError for what is no limit."""
    from diffusion_lessons.classroom.sandbox.sandbox import Limits

    file, known = course / "limits.json", asdict(Limits())
    try:
        chosen = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, FileNotFoundError) as error:
        wrong = getattr(error, "strerror", None) or error
        raise ClassError(
            f"{file}: {wrong}; mend it, or delete it and run: diffusion-lessons class new {course}"
        ) from None
    refused = (
        chosen
        if not isinstance(chosen, dict)
        else [
            f"{name}: {value!r}"
            for name, value in chosen.items()
            if name not in known or isinstance(value, bool) or not isinstance(value, int) or value < 1
        ]
    )
    if refused or not isinstance(chosen, dict):
        raise ClassError(f"{file}: {refused}; expected whole numbers from 1 for {', '.join(known)}")
    return Limits(**chosen)


def api(course: Path, *, not_run: str = "") -> "NbGraderAPI":
    """nbgrader's own interface to a course folder. With a reason not to, no notebook runs when it is graded."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    config = configure(Config(), checked(course))
    config.SandboxedExecute.not_run = not_run
    programs = str(Path(sys.executable).parent)  # nbgrader calls alembic, which need not be on the PATH
    if programs not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = programs + os.pathsep + os.environ["PATH"]
    return NbGraderAPI(coursedir=CourseDirectory(config=config), config=config)


def checked(course: Path) -> Path:
    """The course, if it is one. Raises ClassError."""
    if not (course / "nbgrader_config.py").exists():
        raise ClassError(f"{course} is not a course folder; make one with: diffusion-lessons class new {course}")
    return course


def assignments(course: Path) -> list[str]:
    """The assignments of a course, by name."""
    return sorted(path.stem for path in (checked(course) / "source").glob("*/*.ipynb") if path.stem == path.parent.name)


def assigned(course: Path, assignment: str) -> str:
    """The assignment, if the course has it. Raises ClassError."""
    names = assignments(course)
    if assignment not in names:
        raise ClassError(f"no assignment {assignment!r} in {course}; there are {', '.join(names)}")
    return assignment


def new(course: Path) -> list[str]:
    """Make a course folder (or build the sources of an existing one again); the names of its assignments.

    Raises ClassError where there is a file of this name.
    """
    from diffusion_lessons.classroom import assignments as source
    from diffusion_lessons.classroom.sandbox.sandbox import Limits

    names = source.names()
    if taken := next((path for path in (course, *course.parents) if path.exists() and not path.is_dir()), None):
        raise ClassError(f"{taken} is a file: give the name of a folder, new or of a course")
    course.mkdir(parents=True, exist_ok=True)
    secret = course / "secret.txt"
    if not secret.exists():
        _write(secret, secrets.token_hex(16) + "\n")
        secret.chmod(0o600)
    if not (course / "limits.json").exists():
        _write(course / "limits.json", json.dumps(asdict(Limits()), indent=2) + "\n")
    _write(course / "nbgrader_config.py", CONFIGURATION)
    for name in names:
        build(course, name)
    return names


def build(course: Path, assignment: str) -> Path:
    """Build the instructor's notebook of one assignment."""
    import nbformat

    from diffusion_lessons.classroom import assignments as source

    secret = checked(course) / "secret.txt"
    if not secret.is_file():
        raise ClassError(
            f"{secret} is missing: put a copy of it back; without one, diffusion-lessons class new {course} makes "
            "another, with which all that was graded is to be released and graded again"
        )
    notebook = source.build(assignment, secret.read_text().strip())
    target = course / "source" / assignment / f"{assignment}.ipynb"
    _write(target, nbformat.writes(notebook) + "\n")
    return target


def release(course: Path, assignment: str) -> Path:
    """Derive the students' notebook, without solutions and hidden tests, and enter the assignment in the gradebook."""
    build(course, assignment)
    done(api(course).generate_assignment(assignment, force=True, create=True))
    return course / "release" / assignment / f"{assignment}.ipynb"


def done(answer: dict) -> None:
    """Raise what nbgrader reports as a failure."""
    if not answer["success"]:
        raise ClassError(f"nbgrader: {answer.get('log') or ''}{answer.get('error') or ''}".strip())


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())
