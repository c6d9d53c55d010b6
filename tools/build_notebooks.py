"""Build the lessons: notebooks/source/NN_name.py, run, to notebooks/lessons/NN_name.ipynb.

python tools/build_notebooks.py               # all of them
python tools/build_notebooks.py 01 04_ddim    # some
python tools/build_notebooks.py --text 04     # only text cells changed: keep the outputs
python tools/build_notebooks.py --check       # run nothing: are they in step with their sources, and well made?

A build runs every cell in a fresh kernel without a network and records what it cost in notebooks/budgets.json. Cell
ids are fixed and nothing of the time, the machine or the widgets is kept, so that a rebuild gives the same bytes.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from lesson_files import BUDGETS, LESSONS, SOURCES, content, names, read_built, read_json, read_source, set_surroundings
from lesson_hygiene import budget_line, code, only_imports, problems
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from diffusion_lessons.commands.saved_notebooks import VIEW, is_progress
from diffusion_lessons.machine.files import write_atomically
from website.colab import fold, of_colab

LONGEST_CELL = 120  # seconds
KERNEL = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
# On Linux getrusage's peak begins at that of the process which started this one; the kernel's own status does not.
COST = """
import pathlib, re, resource, sys, time
status = pathlib.Path("/proc/self/status")
if status.exists():
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) / 2**10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
print(time.process_time(), peak)
"""


class Stale(Exception):
    """A notebook that does not follow from its source."""


def calibrate() -> float:
    """CPU seconds of a fixed piece of work, about 1 on the core on which the budgets were first written down.

    Large and small array operations and the interpreter itself: what a lesson does.
    """
    import numpy as np

    start = time.process_time()
    matrix, vector = np.eye(256) + 0.01, np.linspace(0, 1, 50_000)
    for _ in range(170):
        matrix @ matrix
        vector = np.exp(-vector)
        sum(i * i for i in range(100_000))
    return time.process_time() - start


def run(notebook: NotebookNode, folder: Path) -> dict[str, float]:
    """Run all cells in place; return the CPU seconds, relative to the calibration loop, and the peak memory in MB."""
    client = NotebookClient(
        notebook,
        timeout=LONGEST_CELL,
        record_timing=False,
        coalesce_streams=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    before = calibrate()
    with client.setup_kernel(stderr=subprocess.DEVNULL):  # it warns that local connections are not encrypted
        for number, cell in enumerate(notebook.cells):
            if not of_colab(cell):
                client.execute_cell(cell, number, execution_count=client.code_cells_executed + 1)
        notebook.cells.append(nbformat.v4.new_code_cell(COST))
        client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
    seconds, memory = map(float, notebook.cells.pop().outputs[0].text.split())
    unit = (before + calibrate()) / 2
    return {"seconds": round(seconds / unit, 1), "memory_mb": round(memory), "download_mb": 0}


def normalise(notebook: NotebookNode) -> None:
    """Drop what differs from run to run: widget models, timings, the kernel's own description."""
    notebook.metadata = nbformat.from_dict({**KERNEL, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if only_imports(cell) or of_colab(cell):
            fold(cell)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if not is_progress(output.get("data", {}))]
        for output in cell.get("outputs", []):
            if VIEW in output.get("data", {}):
                del output["data"][VIEW]  # a picture in the same output stays


def keep_outputs(notebook: NotebookNode, built: NotebookNode) -> None:
    """Put the outputs of a built notebook under the same code cells; only text may have changed."""
    old, new = ([cell for _, cell in code(book)] for book in (built, notebook))
    if [cell.source for cell in old] != [cell.source for cell in new]:
        raise Stale("a code cell changed, so the outputs no longer follow from it: build without --text")
    for before, after in zip(old, new, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count


def build(name: str, *, text_only: bool = False) -> None:
    target = LESSONS / f"{name}.ipynb"
    notebook = read_source(SOURCES / f"{name}.py")
    if text_only:
        if not target.exists():
            raise Stale("it was never built: build without --text")
        keep_outputs(notebook, read_built(target))
    else:
        cost = run(notebook, LESSONS)
        budgets = dict(sorted({**read_json(BUDGETS), name: cost}.items()))
        write_atomically(BUDGETS, f"{json.dumps(budgets, indent=2)}\n".encode())
    normalise(notebook)
    nbformat.validate(notebook)
    write_atomically(target, f"{nbformat.writes(notebook)}\n".encode())


def in_step(name: str) -> bool:
    """Whether the built notebook holds the cells of its source, folded as the build folds them."""
    target = LESSONS / f"{name}.ipynb"
    if not target.exists():
        return False
    source, built = read_source(SOURCES / f"{name}.py"), read_built(target)
    normalise(source)
    metadata = [[cell.metadata for cell in notebook.cells] for notebook in (source, built)]
    return content(source) == content(built) and metadata[0] == metadata[1]


def check(name: str) -> list[str]:
    """What is wrong with a built lesson, one sentence each."""
    if not in_step(name):
        return [f"the notebook is not in step with its source: python tools/build_notebooks.py {name}"]
    return problems(name)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the lessons from their sources, or check that they are built.")
    parser.add_argument("names", nargs="*", help="lessons, such as 04 or 04_ddim; all by default")
    parser.add_argument("--text", action="store_true", help="only text cells changed: keep the outputs")
    parser.add_argument("--check", action="store_true", help="run nothing; report what is stale or badly made")
    options = parser.parse_args(arguments)
    set_surroundings()
    LESSONS.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in names(options.names):
        try:
            if not options.check:
                build(name, text_only=options.text)
            found = check(name)
        except (CellExecutionError, Stale) as error:
            found = [str(error)]
        cost = read_json(BUDGETS).get(name)
        print(f"{name}: {'; '.join(found) if found else 'as it should be'}")
        if cost and found:
            print(f"  its budget line by the last run: {budget_line(cost)}")
        failed = failed or bool(found)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
