"""`diffusion-lessons class ...`: from a clone to graded feedback, as notebooks/assignments/TEACHING.md tells."""

import importlib.util
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
    diffusion-lessons class collect A1 handed-in --course course
    diffusion-lessons class grade A1 --course course
    diffusion-lessons class report A1 --course course
    diffusion-lessons class feedback A1 --course course
    """
    if importlib.util.find_spec("nbgrader") is None:
        raise ImportError('grading needs nbgrader: pip install "diffusion-lessons[class]"')


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="the course folder to make")]) -> None:
    """Make a course folder with all assignments, and a secret of its own for the hidden tests."""
    from diffusion_lessons.classroom import course

    names = course.new(folder)
    print(f"{folder}: {', '.join(names)}. Next: cd {folder}; diffusion-lessons class release {names[0]}")


@app.command()
def release(assignment: Assignment, course: Course = HERE) -> None:
    """Derive the students' notebook: no solutions, no hidden tests."""
    from diffusion_lessons.classroom import course as courses

    print(f"hand out {courses.release(course, assignment)}")


@app.command()
def collect(
    assignment: Assignment,
    folder: Annotated[Path, typer.Argument(help="handed-in notebooks: NAME.ipynb or NAME/anything.ipynb")],
    course: Course = HERE,
) -> None:
    """Sort a folder of handed-in notebooks into the course."""
    from diffusion_lessons.classroom import course as courses

    print(f"{len(courses.collect(course, assignment, folder))} submissions of {assignment}")


@app.command()
def grade(
    assignment: Assignment,
    course: Course = HERE,
    processes: Annotated[int | None, typer.Option(help="how many at once; by default one for each core")] = None,
    again: Annotated[bool, typer.Option("--again", help="also what was graded before")] = False,
    part: Annotated[str, typer.Option(help="k/n: grade every n-th student from the k-th on")] = "1/1",
) -> None:
    """Grade all submissions that have not been graded as they are now."""
    from tqdm import tqdm

    from diffusion_lessons.classroom.grading import whole_class

    k, _, n = part.partition("/")
    if not (k.isdigit() and n.isdigit()):
        raise ValueError(f"--part is k/n, such as 2/5; got {part!r}")
    bar, bad = None, []
    for record, left in whole_class.grade(course, assignment, processes=processes, again=again, part=(int(k), int(n))):
        bar = bar or tqdm(total=left + 1, desc=assignment, unit="submission")
        bar.update()
        if record.trouble:
            bad.append(record)
            tqdm.write(f"{record.student}: {record.trouble}")
    if bar is None:
        print("nothing new to grade")
        return
    bar.close()
    print(f"{bar.total - len(bad)} graded, {len(bad)} could not be. Next: diffusion-lessons class report {assignment}")


@app.command()
def feedback(assignment: Assignment, course: Course = HERE) -> None:
    """Write a feedback page for every graded student."""
    from diffusion_lessons.classroom import course as courses

    print(f"{courses.feedback(course, assignment)}/NAME/{assignment}/{assignment}.html")


@app.command()
def report(
    assignment: Assignment,
    course: Course = HERE,
    also: Annotated[list[Path] | None, typer.Option(help="a copy of the course that graded another part")] = None,
) -> None:
    """Scores as CSV, and which mistakes the class made."""
    from diffusion_lessons.classroom.grading import report as reports

    found = reports.joined([course, *(also or [])], assignment)
    print(reports.table(found), end="")
    for name, mistake, count in reports.common_mistakes(found):
        print(f"{count:4} x {name}: {mistake}")
    print(f"saved as {reports.save(course, assignment, found)}")
