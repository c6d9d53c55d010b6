"""What happens to one submission, as preprocessors that nbgrader runs: restore its tests, execute it, judge it.

nbgrader's own order is kept, with three changes. Test cells that were deleted, renamed or changed are put back as they
were. The notebook runs in the sandbox, within a budget of time and output, and whatever ends the run costs the rest of
the notebook, not the grader. And points come from `Judge`, which asks the student's functions for values in another
sandbox, without the library (sandbox/answers.py), compares them with the grader's own expectation, and replaces the
outputs of each test cell by its verdict.
"""

import re
import textwrap
import time
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Dict, Integer, Unicode

from diffusion_lessons.checks import exercise
from diffusion_lessons.checks.assessing import assess
from diffusion_lessons.checks.portable.answers import decode
from diffusion_lessons.checks.portable.names import variant
from diffusion_lessons.checks.result import Result
from diffusion_lessons.classroom.inbox import printable
from diffusion_lessons.classroom.register import Register
from diffusion_lessons.classroom.sandbox.answers import Question, Sent, values
from diffusion_lessons.classroom.sandbox.kernel import SandboxedKernelManager, Watched
from diffusion_lessons.classroom.sandbox.sandbox import Limits
from diffusion_lessons.classroom.submission import CUT_SHORT, FLAG, marks_of

JUDGED = re.compile(r"^# judged: (\w+), seed=(\d+|None)$", re.MULTILINE)
NOT_FOUND = "*The cell of this answer was not found in what was handed in: it may stand in another cell.*"
OF_ANOTHER = (
    "These are right for the numbers of the name {typed!r}, but the work was handed in under {name!r}. Enter the name "
    "under which you hand in, and work it out again; if that is a mistake of ours, tell your teacher."
)
ENDED_BY_ITSELF = "its Python ended by itself, within its limits: a crash, or a line that ends it, such as os.kill"
BUILT_ON_WRONG = "It builds on an earlier function of yours that is not right; judged with a right one in its place."
NO_ANSWERS = "No values arrived: the function is missing or does not end, or the notebook stopped before this cell."


class RestoreTests(NbGraderPreprocessor):
    """Put back the marks of every graded cell, and the cells that are missing, from the gradebook.

    An essay is looked for where its question is, if a tool has dropped the marks; one that is not found waits for a
    person, and one that is empty is as it was handed out, which is worth nothing without asking anybody.
    """

    course = Unicode(help="The course folder.").tag(config=True)

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            source = gradebook.find_notebook(about["notebook"], about["assignment"])
            marks = {cell.name: _marks(cell) for cell in source.source_cells}
            for graded in source.grade_cells:
                marks[graded.name]["metadata"].update(grade=True, points=graded.max_score)
            for written in source.solution_cells:
                marks[written.name]["metadata"]["solution"] = True
        essays = [name for name, mark in marks.items() if mark["cell_type"] == "markdown" and mark["metadata"]["grade"]]
        self._find(notebook, about["assignment"], [name for name in essays if name not in marks_of(notebook.cells)])
        present = set()
        for cell in notebook.cells:
            name = next(iter(marks_of([cell])), None)
            if name in marks and name not in present:
                present.add(name)
                cell.metadata["nbgrader"] = NotebookNode(marks[name]["metadata"])
                if name in essays and not cell.source.strip():
                    cell.source = marks[name]["source"]
            else:
                cell.metadata.pop("nbgrader", None)
        for name, mark in marks.items():
            if name not in present and mark["metadata"]["grade"]:
                notebook.cells.append(_cell({**mark, "source": NOT_FOUND} if name in essays else mark))
        return notebook, resources

    def _find(self, notebook: NotebookNode, assignment: str, essays: list[str]) -> None:
        """Mark the cells after the questions of these essays, which have lost their marks."""
        released = Path(self.course) / "release" / assignment / f"{assignment}.ipynb"
        given = nbformat.read(released, 4).cells if essays and released.exists() else []
        asked = {cell.source.strip(): after for cell, after in pairwise(given) if marks_of([after]) & set(essays)}
        for question, cell in pairwise(notebook.cells):
            if question.source.strip() in asked and cell.cell_type == "markdown" and not marks_of([cell]):
                cell.metadata["nbgrader"] = asked[question.source.strip()].metadata["nbgrader"]


def _marks(cell: Any) -> dict:
    metadata = {"grade_id": cell.name, "locked": cell.locked, "grade": False, "solution": False, "task": False}
    metadata.update(schema_version=3, checksum=cell.checksum, cell_type=cell.cell_type)
    return {"cell_type": cell.cell_type, "source": cell.source, "metadata": metadata}


def _cell(mark: dict) -> NotebookNode:
    name = re.sub(r"[^\w-]", "-", mark["metadata"]["grade_id"])
    cell = NotebookNode(id=f"restored-{name}"[:64], cell_type=mark["cell_type"], source=mark["source"])
    cell["metadata"] = NotebookNode(nbgrader=NotebookNode(mark["metadata"]))
    if cell.cell_type == "code":
        cell.update(outputs=[], execution_count=None)
    return cell


class SandboxedExecute(Execute):
    """Execute in the sandbox. A run that ends early leaves the remaining cells without output."""

    limits = Dict(help="What a submission may use: the fields of `sandbox.Limits`.").tag(config=True)
    longest_output = Integer(5_000_000, help="Characters of output that are kept of a notebook.").tag(config=True)
    not_run = Unicode(help="Why the notebook does not run at all.").tag(config=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.allowed = Limits(**self.limits)
        self.timeout = self.allowed.cell_seconds
        self.startup_timeout = self.iopub_timeout = self.allowed.cell_seconds  # a busy machine is no fault
        self.interrupt_on_timeout = False  # an interruption can be swallowed; the end of the run cannot
        self.shutdown_kernel = "immediate"
        self._watched = Watched()  # nbclient has let go of the kernel when its error arrives
        self.kernel_manager_class = type(
            "Manager", (SandboxedKernelManager,), {"limits": self.allowed, "watched": self._watched}
        )

    def preprocess(self, notebook, resources=None, km=None):
        self._end, self._printed = time.monotonic() + self.allowed.notebook_seconds, 0
        try:
            if not self.not_run:
                return super().preprocess(notebook, resources, km)
            reason = self.not_run
        except CellTimeoutError:
            reason = self._watched.reason() or f"a cell took more than the {self.allowed.cell_seconds} s that it may"
        except DeadKernelError:
            reason = self._watched.reason() or ENDED_BY_ITSELF
        except (RuntimeError, TimeoutError) as error:
            reason = self._watched.reason() or str(error) or type(error).__name__
        notebook.metadata[CUT_SHORT] = printable(reason)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.setdefault("outputs", [])
        return notebook, resources

    def preprocess_cell(self, cell, resources, index):
        if time.monotonic() > self._end:
            raise TimeoutError(f"the notebook took more than the {self.allowed.notebook_seconds} s that it may")
        return super().preprocess_cell(cell, resources, index)

    def process_message(self, msg, cell, cell_index):
        if msg["header"]["msg_type"] not in ("status", "execute_input", "clear_output"):  # all else holds output
            self._printed += len(str(msg["content"]))
            if self._printed > self.longest_output:
                return None
        return super().process_message(msg, cell, cell_index)


class Judge(NbGraderPreprocessor):
    """Replace the outputs of each test cell by the points that its values earn, and why."""

    limits = Dict(help="What a submission may use: the fields of `sandbox.Limits`.").tag(config=True)
    course = Unicode(help="The course folder.").tag(config=True)

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        student = resources["nbgrader"]["student"]
        code = {index: cell.source for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"}
        who = Who(student, Register(Path(self.course)).name(student), tuple(_typed("\n".join(code.values()))))
        solutions = self._solutions(resources["nbgrader"]["assignment"])
        tests = {
            index: test for index, cell in enumerate(notebook.cells) if (test := _test(cell, index, who, solutions))
        }
        sent, reason = values((tests.get(index, source) for index, source in code.items()), Limits(**self.limits))
        if reason:
            notebook.metadata.setdefault(CUT_SHORT, printable(reason))
        for index in code:
            cell = notebook.cells[index]
            if _is_graded(cell):
                points = float(cell.metadata["nbgrader"]["points"])
                earned, text, flag = verdict(cell, points, tests.get(index), sent.get(index, Sent()), who)
                cell.outputs = _outputs(earned, points, text, flag)
        return notebook, resources

    def _solutions(self, assignment: str) -> dict[str, str]:
        """The code of the assignment's own solutions, by name and in order."""
        built = Path(self.course) / "source" / assignment / f"{assignment}.ipynb"
        cells = nbformat.read(built, 4).cells if built.exists() else []
        return {name: cell.source for cell in cells if cell.cell_type == "code" for name in marks_of([cell])}


@dataclass(frozen=True)
class Who:
    """A student: in the course, as the work was handed in, and as typed into the notebook."""

    student: str
    name: str
    typed: tuple[str, ...] = ()


def _typed(code: str) -> list[str]:
    return [match[2].strip() for match in re.finditer(r"^STUDENT\s*=\s*([\"'])(.{1,100}?)\1", code, re.MULTILINE)]


def _is_graded(cell: NotebookNode) -> bool:
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "code" and marks.get("grade", False) and not marks.get("solution")


def _test(cell: NotebookNode, index: int, who: Who, solutions: dict[str, str]) -> Question | None:
    """What is asked at a cell: of tests, and of those only that are ours."""
    match = JUDGED.search(cell.source) if _is_graded(cell) else None
    if match is None:
        return None
    name = match[1]
    if match[2] == "None":
        return Question(index, name, variant(who.name), own=True)
    earlier = takewhile(lambda each: each != name, solutions)
    return Question(index, name, int(match[2]), earlier="\n".join(solutions[each] for each in earlier))


def _outputs(points: float, most: float, text: str, flag: dict) -> list[NotebookNode]:
    """The points as nbgrader reads them, and the verdict in lines that a page shows without scrolling."""
    lines = [f"{points:g} of {most:g} points.", *text.splitlines()]
    wrapped = [part for line in lines for part in textwrap.wrap(line, 100, subsequent_indent="    ") or [""]]
    return [
        new_output("execute_result", {"text/plain": f"{points:g}"}, metadata={FLAG: flag}, execution_count=1),
        new_output("stream", name="stdout", text="\n".join(wrapped)),
    ]


def verdict(
    cell: NotebookNode, most: float, test: Question | None, sent: Sent, who: Who | None = None
) -> tuple[float, str, dict]:
    """Points, the text for the student, and what the report counts, of one test cell."""
    if test is None:  # not one of our tests: as nbgrader would, all or nothing
        failed = any(output.output_type == "error" for output in cell.get("outputs", []))
        return (0.0 if failed else most), "", {"check": None, "mistake": None}
    flag = {"check": test.name, "mistake": None, "written": True}
    if sent.answers is None:
        hint = f" The last error before it: {sent.trouble}" if sent.trouble else ""
        return 0.0, NO_ANSWERS + hint, {**flag, "written": False}
    try:
        answers = decode(sent.answers)
        result: Result = assess(exercise(test.name), answers, test.seed)
        if test.own and who is not None and not result.passed:
            for name in (who.student, *who.typed):
                theirs = assess(exercise(test.name), answers, variant(name))
                if theirs.passed and name == who.student:
                    return most, theirs.text, flag
                if theirs.passed:
                    return 0.0, OF_ANOTHER.format(typed=name, name=who.name), {**flag, "mistake": "of another name"}
        if not result.passed and sent.given is not None:
            given = assess(exercise(test.name), decode(sent.given), test.seed)
            if given.score > result.score:
                flag.update(mistake=given.mistake.name if given.mistake else None)
                return round(most * given.score, 2), f"{given.text}\n{BUILT_ON_WRONG}", flag
    except ValueError as error:
        return 0.0, f"The values could not be read: {error}.", flag
    flag.update(mistake=result.mistake.name if result.mistake else None, written=result.written)
    return round(most * result.score, 2), result.text, flag
