"""What happens to one submission, as preprocessors that nbgrader runs: restore its tests, execute it, judge it.

nbgrader's own order is kept, with three changes. Test cells that were deleted, renamed or changed are put back as they
were. The notebook runs in the jail, within a budget of time and output, and whatever ends the run costs the rest of the
notebook, not the grader. And points come from `Judge`, which compares the values that left the jail with the grader's
own expectation and replaces the outputs of each test cell by its verdict.
"""

import re
import time
from typing import Any

from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute, NbGraderPreprocessor
from traitlets import Dict, Integer

from diffusion_lessons.checks import Result, exercise, judge, variant
from diffusion_lessons.classroom.answers import MIME, decode
from diffusion_lessons.classroom.jail import JailedKernelManager, Limits

SEND = re.compile(r'^send\("(\w+)", \w+, seed=(\d+|None)\)$', re.MULTILINE)
FLAG = "diffusion_lessons"  # key of the metadata that a verdict leaves for the report
CUT_SHORT = "cut_short"  # key of the notebook's metadata that says why a run ended early
NO_ANSWERS = "No values arrived: the function is missing, or the notebook stopped before this cell."


class RestoreTests(NbGraderPreprocessor):
    """Put back the marks of every graded cell, and the cells that are missing, from the gradebook."""

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            source = gradebook.find_notebook(about["notebook"], about["assignment"])
            marks = {cell.name: _marks(cell) for cell in source.source_cells}
            for graded in source.grade_cells:
                marks[graded.name]["metadata"].update(grade=True, points=graded.max_score)
            for written in source.solution_cells:
                marks[written.name]["metadata"]["solution"] = True
        found = set()
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in marks and name not in found:
                found.add(name)
                cell.metadata["nbgrader"] = NotebookNode(marks[name]["metadata"])
            else:
                cell.metadata.pop("nbgrader", None)
        notebook.cells += [
            _cell(mark) for name, mark in marks.items() if name not in found and mark["metadata"]["grade"]
        ]
        return notebook, resources


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


class JailedExecute(Execute):
    """Execute in the jail. A run that ends early leaves the remaining cells without output."""

    limits = Dict(help="What a submission may use: the fields of `jail.Limits`.").tag(config=True)
    longest_output = Integer(5_000_000, help="Characters of output that are kept of a notebook.").tag(config=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.allowed = Limits(**self.limits)
        self.timeout = self.allowed.cell_seconds
        self.startup_timeout = self.iopub_timeout = self.allowed.cell_seconds  # a busy machine is no fault
        self.kernel_manager_class = type("Manager", (JailedKernelManager,), {"limits": self.allowed})

    def preprocess(self, notebook, resources=None, km=None):
        self._end, self._printed = time.monotonic() + self.allowed.notebook_seconds, 0
        try:
            return super().preprocess(notebook, resources, km)
        except (DeadKernelError, RuntimeError, TimeoutError) as error:
            reason = getattr(self.km, "ended_because", None) or str(error) or type(error).__name__
            notebook.metadata[CUT_SHORT] = reason[:200]
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.setdefault("outputs", [])
            return notebook, resources

    def preprocess_cell(self, cell, resources, index):
        if time.monotonic() > self._end:
            raise TimeoutError(f"the notebook took more than {self.allowed.notebook_seconds} s")
        return super().preprocess_cell(cell, resources, index)

    def process_message(self, msg, cell, cell_index):
        if msg["header"]["msg_type"] in ("stream", "display_data", "execute_result", "update_display_data"):
            self._printed += len(str(msg["content"]))
            if self._printed > self.longest_output:
                return None
        return super().process_message(msg, cell, cell_index)


class Judge(NbGraderPreprocessor):
    """Replace the outputs of each test cell by the points that its values earn, and why."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, index: int) -> tuple[NotebookNode, dict]:
        test = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or not test.get("grade") or test.get("solution"):
            return cell, resources
        points, text, flag = verdict(cell, float(test["points"]), resources["nbgrader"]["student"])
        cell.outputs = [
            new_output("execute_result", {"text/plain": f"{points:g}"}, metadata={FLAG: flag}, execution_count=1),
            new_output("stream", name="stdout", text=text),
        ]
        return cell, resources


def verdict(cell: NotebookNode, most: float, student: str) -> tuple[float, str, dict]:
    """Points, the text for the student, and what the report counts, of one executed test cell."""
    sent = SEND.search(cell.source)
    if sent is None:  # not one of our tests: as nbgrader would, all or nothing
        failed = any(output.output_type == "error" for output in cell.get("outputs", []))
        return (0.0 if failed else most), "", {"check": None, "mistake": None}
    name, seed = sent[1], variant(student) if sent[2] == "None" else int(sent[2])
    flag = {"check": name, "mistake": None, "written": True}
    texts = [output.data[MIME] for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    if not texts:
        return 0.0, NO_ANSWERS, {**flag, "written": False}
    try:
        result: Result = judge(exercise(name), decode(texts[-1]), seed)
    except ValueError as error:
        return 0.0, f"The values could not be read: {error}.", flag
    flag.update(mistake=result.mistake.name if result.mistake else None, written=result.written)
    return round(most * result.score, 2), result.text, flag
