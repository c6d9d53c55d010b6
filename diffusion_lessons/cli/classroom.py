"""`diffusion-lessons class ...`: from a clone to graded feedback, as notebooks/assignments/TEACHING.md tells."""

import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

Course = Annotated[Path, typer.Option("--course", help="the course folder")]
Assignment = Annotated[str, typer.Argument(help="A1 to A5")]
HERE = Path()


@app.callback()
def needs_nbgrader() -> None:
    """Assignments for a class: hand out, collect, grade, give feedback.

    \b
    diffusion-lessons class new course
    diffusion-lessons class release A1 --course course
    diffusion-lessons class collect A1 inbox --course course
    diffusion-lessons class grade A1 --course course
    diffusion-lessons class report A1 --course course
    diffusion-lessons class feedback A1 --course course
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise ImportError('grading needs nbgrader: pip install "diffusion-lessons[class]"')
    # jsonschema, which comes with it, would take 1.5 s to learn a grammar of web addresses that nothing asks for
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="the course folder to make")]) -> None:
    """Make a course folder with all assignments, and a secret of its own for the hidden tests.

    \b
    diffusion-lessons class new course
    """
    from diffusion_lessons.commands import classroom

    classroom.new(folder)


@app.command()
def release(assignment: Assignment, course: Course = HERE) -> None:
    """Derive the students' notebook: no solutions, no hidden tests.

    \b
    diffusion-lessons class release A1 --course course
    """
    from diffusion_lessons.commands import classroom

    classroom.release(course, assignment)


@app.command()
def collect(
    assignment: Assignment,
    inbox: Annotated[Path, typer.Argument(help="a folder of notebooks, or a platform's zip", metavar="INBOX")],
    course: Course = HERE,
) -> None:
    """Sort handed-in notebooks into the course: one for each student, the latest.

    \b
    ana.ipynb, ana/anything.ipynb, ana.zip    in a folder of your own
    submissions.zip                           as Moodle, Canvas and Gradescope make it, or the same unpacked

    Names may be of any alphabet. What could not be taken (links, other assignments, files that are no notebooks,
    earlier versions) is listed at the end; nobody stops the class. Collect again as more arrives.

    \b
    diffusion-lessons class collect A1 ~/Downloads/submissions.zip --course course
    """
    from diffusion_lessons.commands import classroom

    classroom.collect(course, assignment, inbox)


@app.command()
def grade(
    assignment: Assignment,
    course: Course = HERE,
    processes: Annotated[int | None, typer.Option(min=1, help="how many at once; by default one for each core")] = None,
    again: Annotated[bool, typer.Option("--again", help="also what was graded before")] = False,
    part: Annotated[str, typer.Option(help="k/n: grade every n-th student from the k-th on")] = "1/1",
) -> None:
    """Grade all submissions that have not been graded as they are now.

    \b
    diffusion-lessons class grade A1 --course course
    diffusion-lessons class grade A1 --course course --part 2/3
    """
    from diffusion_lessons.commands import classroom

    classroom.grade(course, assignment, processes=processes, again=again, part=part)


@app.command()
def feedback(
    assignment: Assignment,
    course: Course = HERE,
    anyway: Annotated[bool, typer.Option("--anyway", help="also where the essay is still to grade by hand")] = False,
) -> None:
    """Write a feedback page for every student whose work is graded, the essay included.

    \b
    diffusion-lessons class feedback A1 --course course
    """
    from diffusion_lessons.commands import classroom

    classroom.feedback(course, assignment, anyway)


@app.command()
def report(
    assignment: Assignment,
    course: Course = HERE,
    also: Annotated[list[Path] | None, typer.Option(help="a copy of the course that graded another part")] = None,
) -> None:
    """Scores as CSV, and which mistakes the class made.

    \b
    diffusion-lessons class report A1 --course course
    diffusion-lessons class report A1 --course course --also copy-of-the-course
    """
    from diffusion_lessons.commands import classroom

    classroom.report(course, assignment, also or ())
