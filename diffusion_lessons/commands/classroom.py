"""`diffusion-lessons class ...`: what each step of teaching a class does and prints."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from diffusion_lessons.classroom import course as courses
from diffusion_lessons.classroom.inbox import printable

MOST_NAMES = 20  # in one line


def new(folder: Path) -> None:
    names = courses.new(folder)
    print(f"{folder}: {', '.join(names)}. Next: cd {folder}; diffusion-lessons class release {names[0]}")


def release(course: Path, assignment: str) -> None:
    print(f"hand out {courses.release(course, courses.assigned(course, assignment))}")


def collect(course: Path, assignment: str, folder: Path) -> None:
    """Sort an inbox into the course; say what was changed, left out, or needs a look."""
    from diffusion_lessons.classroom.collecting import collect

    done = collect(course, assignment, folder)
    for title, lines in (
        ("Names that were changed (students.csv):", [f"{name} -> {student}" for name, student in done.names.items()]),
        ("Replaced what was handed in before:", done.replaced),
        ("To know:", [f"{student}: {note}" for student, note in done.notes]),
        ("Left out:", [f"{where}: {why}" for where, why in done.left_out]),
    ):
        if lines:
            print("\n  ".join([title, *lines]))
    left_out = f", {len(done.left_out)} files left out" if done.left_out else ""
    print(
        f"{len(done.students)} submissions of {assignment}{left_out}. Next: diffusion-lessons class grade {assignment}"
    )


def grade(
    course: Path, assignment: str, *, processes: int | None = None, again: bool = False, part: str = "1/1"
) -> None:
    """Grade what is new or has changed, with a progress bar; name those that could not be graded, or not in whole.

    Raises ValueError for a `part` that is not k/n.
    """
    from diffusion_lessons.classroom.grading import whole_class

    k, _, n = part.partition("/")
    if not (k.isdecimal() and n.isdecimal()):
        raise ValueError(f"--part is k/n, such as 2/5; got {part!r}")
    waiting = whole_class.waiting(course, assignment, again=again, part=(int(k), int(n)))
    if not waiting:
        print("nothing new to grade")
        return
    failed = cut_short = 0
    with tqdm(total=len(waiting), desc=assignment, unit="submission") as bar:
        for record in whole_class.grade(course, assignment, waiting, processes=processes):
            bar.update()
            failed += bool(record.trouble)
            cut_short += bool(record.cut_short)
            if record.trouble:
                tqdm.write(f"{record.student}: {printable(record.trouble)}")
            elif record.cut_short:
                tqdm.write(f"{record.student}: graded, but its run was cut short: {printable(record.cut_short)}")
    early = f" ({cut_short} of them cut short)" if cut_short else ""
    print(
        f"{len(waiting) - failed} graded{early}, {failed} could not be. "
        f"Next: diffusion-lessons class report {assignment}"
    )


def feedback(course: Path, assignment: str, anyway: bool = False) -> None:
    """Write the pages of those who are graded in whole, and say who is not."""
    from diffusion_lessons.classroom.grading.feedback import feedback

    pages = feedback(course, assignment, anyway=anyway)
    if pages.not_graded:
        print(f"not graded as they are now, no page: {_names(pages.not_graded)}")
    if pages.waiting:
        what = "their pages show 0 points for it" if anyway else "no page yet (--anyway writes it with 0 points)"
        print(f"{len(pages.waiting)} essays are still to grade by hand, {what}: {_names(pages.waiting)}")
    print(f"{len(pages.written)} pages: {pages.folder}/NAME/{assignment}/{assignment}.html")


def report(course: Path, assignment: str, also: Sequence[Path] = ()) -> None:
    """Print every student's points and the mistakes, the most frequent first; save the points as CSV."""
    from diffusion_lessons.classroom.grading import report as reports

    rows = reports.joined([course, *also], assignment)
    if not rows:
        print(f"nobody has handed in {assignment}: diffusion-lessons class collect {assignment} INBOX")
        return
    print(reports.table(rows), end="")
    for name, mistake, count in reports.common_mistakes(rows):
        print(f"{count:4} x {name}: {mistake}")
    waiting = sum(row.needs_hand for row in rows)
    if waiting:
        print(f"{waiting} essays are still to grade by hand")
    print(f"saved as {reports.save(course, assignment, rows)}")


def _names(students: Iterable[str]) -> str:
    names = list(students)
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
