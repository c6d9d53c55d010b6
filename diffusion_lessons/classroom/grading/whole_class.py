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
import shutil
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from diffusion_lessons.classroom.course import ClassError, api, checked, write
from diffusion_lessons.classroom.grading.gradebook import Marks, marks, stay_graded
from diffusion_lessons.classroom.grading.processes import Outcome, outcomes
from diffusion_lessons.classroom.sandbox.sandbox import UNPROTECTED, Limits, bubblewrap

SPARE_SECONDS = 60  # of a submission's deadline: nbgrader's own work on a busy machine


@dataclass(frozen=True)
class GradingRecord:
    """How one submission was graded; `trouble` is empty where all went well."""

    student: str
    checksum: str
    seconds: float
    trouble: str = ""


def submissions(course: Path, assignment: str) -> dict[str, Path]:
    """The submitted notebook of each student, by name."""
    paths = sorted((checked(course) / "submitted").glob(f"*/{assignment}/{assignment}.ipynb"))
    return {path.parents[1].name: path for path in paths}


def grade(
    course: Path, assignment: str, *, processes: int | None = None, again: bool = False, part: tuple[int, int] = (1, 1)
) -> Iterator[tuple[GradingRecord, int]]:
    """Grade what has no valid record yet (or all, with `again`); yields each record with how many are still to come."""
    if not (course / "release" / assignment).is_dir():
        raise ClassError(f"{assignment} was not released: diffusion-lessons class release {assignment}")
    k, n = part
    if not 1 <= k <= n:
        raise ClassError(f"a part is k/n with k in 1..n, such as 2/5; got {k}/{n}")
    mine = list(submissions(course, assignment).items())[k - 1 :: n]
    waiting = [name for name, path in mine if again or not _is_graded(course, assignment, name, path)]
    if not waiting:
        return
    if bubblewrap() is None:
        warnings.warn(UNPROTECTED, stacklevel=2)
    workers, folder = min(processes or os.cpu_count() or 1, len(waiting)), course.resolve()
    graded = outcomes(grade_one, (str(folder), assignment), waiting, workers=workers, seconds=deadline(course))
    for left, outcome in zip(range(len(waiting) - 1, -1, -1), graded, strict=True):
        yield _record(folder, assignment, outcome), left


def deadline(course: Path) -> float:
    """Seconds after which a submission is given up: its notebook runs twice, and a kernel takes its time to start."""
    limits = Limits(**json.loads((course / "limits.json").read_text()))
    return 2 * limits.notebook_seconds + limits.cell_seconds + SPARE_SECONDS


def grade_one(course: str, assignment: str, student: str) -> GradingRecord:
    """Grade one submission in this process."""
    logging.getLogger("traitlets").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # of nbgrader's database layer; the sandbox's own warning was given once
    folder, start = Path(course), time.perf_counter()
    path = submissions(folder, assignment)[student]
    checksum = _checksum(folder, assignment, path)
    before = marks(folder, assignment).get(student, Marks()) if _is_graded(folder, assignment, student, path) else None
    answer = api(folder).autograde(assignment, student, force=True)
    trouble = "" if answer["success"] else _reason(answer)
    if before is not None and not trouble:
        stay_graded(folder, assignment, student, before)
    return GradingRecord(student, checksum, round(time.perf_counter() - start, 1), trouble)


def _record(course: Path, assignment: str, outcome: Outcome) -> GradingRecord:
    """Write the record of a submission; of one whose grading was ended, no half graded copy is left."""
    record = outcome.value or GradingRecord(outcome.task, "", 0.0, f"grading failed: {outcome.trouble}")
    if outcome.value is None:
        shutil.rmtree(course / "autograded" / outcome.task / assignment, ignore_errors=True)
    path = _record_path(course, assignment, outcome.task)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, json.dumps(asdict(record)) + "\n")
    return record


def records(course: Path, assignment: str) -> dict[str, GradingRecord]:
    """What was graded so far, by student."""
    paths = (course / "graded" / assignment).glob("*.json")
    return {path.stem: GradingRecord(**json.loads(path.read_text())) for path in sorted(paths)}


def _is_graded(course: Path, assignment: str, student: str, submission: Path) -> bool:
    path = _record_path(course, assignment, student)
    if not path.exists():
        return False
    record = GradingRecord(**json.loads(path.read_text()))
    return not record.trouble and record.checksum == _checksum(course, assignment, submission)


def _record_path(course: Path, assignment: str, student: str) -> Path:
    return course / "graded" / assignment / f"{student}.json"


def _checksum(course: Path, assignment: str, submission: Path) -> str:
    tests = course / "source" / assignment / f"{assignment}.ipynb"
    return hashlib.sha256(submission.read_bytes() + tests.read_bytes()).hexdigest()


def _reason(answer: dict) -> str:
    """The last line of a traceback in nbgrader's log, which names the error."""
    text = f"{answer.get('log') or ''}\n{answer.get('error') or ''}"
    named = [line.strip() for line in text.splitlines() if "Error" in line or "Exception" in line]
    return (named[0] if named else text.strip().splitlines()[-1] if text.strip() else "no reason given")[:300]
