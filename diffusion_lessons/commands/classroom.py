"""`diffusion-lessons class ...`: what each step of teaching a class does and prints."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from diffusion_lessons.classroom import course as courses
from diffusion_lessons.classroom.grading import report as reports
from diffusion_lessons.classroom.grading import whole_class


def new(folder: Path) -> None:
    names = courses.new(folder)
    print(f"{folder}: {', '.join(names)}. Next: cd {folder}; diffusion-lessons class release {names[0]}")


def release(course: Path, assignment: str) -> None:
    print(f"hand out {courses.release(course, assignment)}")


def collect(course: Path, assignment: str, folder: Path) -> None:
    print(f"{len(courses.collect(course, assignment, folder))} submissions of {assignment}")


def grade(
    course: Path, assignment: str, *, processes: int | None = None, again: bool = False, part: str = "1/1"
) -> None:
    """Grade the submissions that are new or have changed, with a progress bar, and name those that could not be.

    Raises ValueError for a `part` that is not k/n.
    """
    k, _, n = part.partition("/")
    if not (k.isdigit() and n.isdigit()):
        raise ValueError(f"--part is k/n, such as 2/5; got {part!r}")
    bar, failed = None, []
    for record, remaining in whole_class.grade(
        course, assignment, processes=processes, again=again, part=(int(k), int(n))
    ):
        bar = bar or tqdm(total=remaining + 1, desc=assignment, unit="submission")
        bar.update()
        if record.trouble:
            failed.append(record)
            tqdm.write(f"{record.student}: {record.trouble}")
    if bar is None:
        print("nothing new to grade")
        return
    bar.close()
    done = bar.total - len(failed)
    print(f"{done} graded, {len(failed)} could not be. Next: diffusion-lessons class report {assignment}")


def feedback(course: Path, assignment: str) -> None:
    print(f"{courses.feedback(course, assignment)}/NAME/{assignment}/{assignment}.html")


def report(course: Path, assignment: str, also: Sequence[Path] = ()) -> None:
    """Print every student's points and the mistakes, the most frequent first; save the points as CSV."""
    rows = reports.joined([course, *also], assignment)
    print(reports.table(rows), end="")
    for name, mistake, count in reports.common_mistakes(rows):
        print(f"{count:4} x {name}: {mistake}")
    print(f"saved as {reports.save(course, assignment, rows)}")
