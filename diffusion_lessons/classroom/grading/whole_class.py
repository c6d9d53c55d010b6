"""Grade a whole class: every core works, what is done is not done again, and one bad submission stops nobody.

Each submission is graded by nbgrader in a process of its own, which is ended at a deadline, since a kernel that was
broken on purpose may never answer. It leaves a record in graded/ASSIGNMENT/NAME.json: what was graded (checksums of the
submission and of the tests), how it went, and how long it took. A later run skips what its record still describes.
Records are plain files, so several machines can each grade a share of the class in one shared folder: `part=(k, n)`
takes every n-th student, from the k-th on.
"""

import hashlib
import json
import logging
import os
import re
import shlex
import shutil
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from diffusion_lessons.classroom import submission
from diffusion_lessons.classroom.course import ClassError, api, assigned, checked, limits
from diffusion_lessons.classroom.grading.gradebook import enter_course, marks_of, stay_graded
from diffusion_lessons.classroom.grading.processes import Outcome, outcomes
from diffusion_lessons.classroom.inbox import Unreadable, printable
from diffusion_lessons.classroom.sandbox.sandbox import UNPROTECTED, bubblewrap
from diffusion_lessons.machine.files import write_atomically

ERROR = re.compile(r"^ *[A-Za-z_][\w.]*(?:Error|Exception|Interrupt)(?::.*)?$", re.MULTILINE)
# its frames are indented once more than the error that ends it; the log indents both by four spaces
TRACEBACK = re.compile(
    r"Traceback \(most recent call last\):\n(?P<indent> *)  File .*\n(?:(?P=indent) +.*\n)*(?P=indent)(?P<error>\S.*)$",
    re.MULTILINE,
)
SPARE_SECONDS = 60  # of a submission's deadline: nbgrader's own work on a busy machine


@dataclass(frozen=True)
class GradingRecord:
    """How one submission was graded.

    `trouble` is why it could not be, `cut_short` why the run of one that was graded ended early; both are mostly empty.
    """

    student: str
    checksum: str
    seconds: float
    trouble: str = ""
    cut_short: str = ""


def submissions(course: Path, assignment: str) -> dict[str, Path]:
    """The submitted notebook of each student, by name."""
    paths = sorted((checked(course) / "submitted").glob(f"*/{assignment}/{assignment}.ipynb"))
    return {path.parents[1].name: path for path in paths}


def waiting(course: Path, assignment: str, *, again: bool = False, part: tuple[int, int] = (1, 1)) -> list[str]:
    """The students whose work has no valid record yet (or all, with `again`), of one part of the class.

    Raises ClassError for an assignment that was not released, and for a part that is none.
    """
    if not (course / "release" / assigned(course, assignment)).is_dir():
        command = shlex.join(["diffusion-lessons", "class", "release", assignment, "--course", str(course)])
        raise ClassError(f"{assignment} was not released: {command}")
    k, n = part
    if not 1 <= k <= n:
        raise ClassError(f"a part is k/n with k in 1..n, such as 2/5; got {k}/{n}")
    mine = list(submissions(course, assignment).items())[k - 1 :: n]
    return [name for name, path in mine if again or not is_graded(course, assignment, name, path)]


def grade(
    course: Path, assignment: str, students: Sequence[str], *, processes: int | None = None
) -> Iterator[GradingRecord]:
    """Grade these students' work; a record for each, as it is done.

    Where the process of one came to no end (a kernel that was broken on purpose may never answer), its functions are
    asked for their values all the same, in a second round in which the notebook itself does not run.
    """
    if not students:
        return
    if bubblewrap() is None:
        warnings.warn(UNPROTECTED, stacklevel=2)
    enter_course(course)
    workers, folder, seconds = processes or os.cpu_count() or 1, course.resolve(), deadline(course)
    ended: dict[str, str] = {}
    for outcome in outcomes(grade_one, (str(folder), assignment), students, workers=workers, seconds=seconds):
        if outcome.value is None:
            ended[outcome.task] = outcome.trouble
        else:
            yield _record(folder, assignment, outcome)
    again = (str(folder), assignment, ended)
    for outcome in outcomes(grade_values, again, list(ended), workers=workers, seconds=seconds):
        yield _record(folder, assignment, outcome)


def deadline(course: Path) -> float:
    """Seconds after which a submission is given up: its notebook runs twice, and a kernel takes its time to start."""
    allowed = limits(course)
    return 2 * allowed.notebook_seconds + allowed.cell_seconds + SPARE_SECONDS


def grade_one(course: str, assignment: str, student: str, not_run: str = "") -> GradingRecord:
    """Grade one submission in this process; its notebook does not run where there is a reason not to."""
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # of nbgrader's database layer; the sandbox's own warning was given once
    folder, start = Path(course), time.perf_counter()
    path = submissions(folder, assignment)[student]
    checksum = _checksum(folder, assignment, path)
    try:
        submission.parse(path.read_bytes())
    except Unreadable as error:
        return GradingRecord(student, checksum, 0.0, str(error))
    before = marks_of(folder, assignment, student) if is_graded(folder, assignment, student, path) else None
    answer = api(folder, not_run=not_run).autograde(assignment, student, force=True)
    trouble = "" if answer["success"] else _reason(answer)
    if before is not None and not trouble:
        stay_graded(folder, assignment, student, before)
    cut_short = "" if trouble else _cut_short(folder, assignment, student)
    return GradingRecord(student, checksum, round(time.perf_counter() - start, 1), trouble, cut_short)


def _cut_short(course: Path, assignment: str, student: str) -> str:
    """Why the run of a graded notebook ended early, or ''."""
    notebook = json.loads(graded_notebook(course, assignment, student).read_bytes())
    return notebook["metadata"].get(submission.CUT_SHORT, "")


def graded_notebook(course: Path, assignment: str, student: str) -> Path:
    """Where grading leaves the notebook that it ran."""
    return course / "autograded" / student / assignment / f"{assignment}.ipynb"


def grade_values(course: str, assignment: str, reasons: dict[str, str], student: str) -> GradingRecord:
    """Grade one submission by the values of its functions alone."""
    return grade_one(
        course, assignment, student, f"the run was given up: {reasons[student]}; its functions were asked all the same"
    )


def _record(course: Path, assignment: str, outcome: Outcome) -> GradingRecord:
    """Write the record of a submission; of one whose grading was ended, no half graded copy is left."""
    record = outcome.value or GradingRecord(outcome.task, "", 0.0, f"grading failed: {outcome.trouble}")
    if outcome.value is None:
        shutil.rmtree(course / "autograded" / outcome.task / assignment, ignore_errors=True)
    write_atomically(_record_path(course, assignment, outcome.task), f"{json.dumps(asdict(record))}\n".encode())
    return record


def records(course: Path, assignment: str) -> dict[str, GradingRecord]:
    """What was graded so far, by student."""
    paths = sorted((course / "graded" / assignment).glob("*.json"))
    return {path.stem: record for path in paths if (record := _read_record(path)) is not None}


def is_graded(course: Path, assignment: str, student: str, submission: Path) -> bool:
    """Whether a submission was graded as it is now."""
    record = _read_record(_record_path(course, assignment, student))
    return record is not None and not record.trouble and record.checksum == _checksum(course, assignment, submission)


def _read_record(path: Path) -> GradingRecord | None:
    """The record in a file; None where there is none, or a damaged one, whose submission is then graded again."""
    try:
        return GradingRecord(**json.loads(path.read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _record_path(course: Path, assignment: str, student: str) -> Path:
    return course / "graded" / assignment / f"{student}.json"


def _checksum(course: Path, assignment: str, submission: Path) -> str:
    tests = course / "source" / assignment / f"{assignment}.ipynb"
    return hashlib.sha256(submission.read_bytes() + tests.read_bytes()).hexdigest()


def _reason(answer: dict) -> str:
    """The last error in nbgrader's log: the line that ends a traceback, or one that looks like an error's."""
    text = f"{answer.get('log') or ''}\n{answer.get('error') or ''}".strip()
    ends, looks = [match["error"] for match in TRACEBACK.finditer(text)], ERROR.findall(text)
    pointing = "NbGraderException"  # which only says that the true error stands above it
    named = next(filter(None, ([line for line in lines if pointing not in line] for lines in (ends, looks))), looks)
    return printable((named or text.splitlines() or ["no reason given"])[-1].strip())
