"""How long grading takes: one submission alone, then a class on all cores.

    python -m benchmarks.grading [--assignment A2] [--submissions 50] [--alone 5] [--processes N]

Makes a course in a temporary folder, fills in the solutions as a student would, plots included, and grades copies of
that: first `--alone` of them one after the other in one process, then a class of `--submissions` on all cores. Prints
the machine and its load before and after each, seconds for each submission as median and quartiles (the first one of
each process also pays for imports), and the wall time of the whole class.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
import warnings
from pathlib import Path

import nbformat

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.collecting import collect
from diffusion_lessons.classroom.grading import report, whole_class
from diffusion_lessons.classroom.sandbox.sandbox import bubblewrap


def solved(folder: Path, assignment: str, student: str) -> nbformat.NotebookNode:
    """The released notebook with the solutions filled in."""
    built, release = (
        nbformat.read(folder / kind / assignment / f"{assignment}.ipynb", 4) for kind in ("source", "release")
    )
    solutions = {_name(cell): cell.source for cell in built.cells if cell.metadata.get("nbgrader", {}).get("solution")}
    for cell in release.cells:
        cell.source = solutions.get(_name(cell), cell.source).replace('"enter your name"', repr(student))
    return release


def _name(cell: nbformat.NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def graded(folder: Path, assignment: str, count: int, processes: int) -> None:
    """Make, collect and grade a class of so many, and print how long it took."""
    with tempfile.TemporaryDirectory() as inbox:
        for number in range(count):
            student = f"student-{processes}-{number}"
            nbformat.write(solved(folder, assignment, student), Path(inbox) / f"{student}.ipynb")
        collect(folder, assignment, Path(inbox))
    print(f"{count} submissions, {processes} at a time; load {_load()}", flush=True)
    begin = time.perf_counter()
    found = list(whole_class.grade(folder, assignment, whole_class.waiting(folder, assignment), processes=processes))
    wall = time.perf_counter() - begin
    seconds = [record.seconds for record in found]
    low, middle, high = statistics.quantiles(seconds, n=4) if len(seconds) > 1 else seconds * 3
    print(f"  {middle:.1f} s a submission [{low:.1f}, {high:.1f}], from {min(seconds):.1f} to {max(seconds):.1f}")
    print(f"  {wall:.1f} s for all, {wall / count:.2f} s for each; load {_load()}")
    points = {f"{row.total:g}" for row in report.rows(folder, assignment)}
    trouble = [record.student for record in found if record.trouble]
    print(f"  points: {', '.join(sorted(points))}; could not be graded: {len(trouble)}\n", flush=True)


def _load() -> str:
    return ", ".join(f"{each:.1f}" for each in os.getloadavg())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assignment", default="A2")
    parser.add_argument("--submissions", type=int, default=50, help="the class that is graded on all cores")
    parser.add_argument("--alone", type=int, default=5, help="how many are graded one after the other first")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.assignment}")
    print(f"sandbox: {bubblewrap() or 'none'}\n")
    with tempfile.TemporaryDirectory(prefix="grading-") as root:
        folder = Path(root) / "course"
        course.new(folder)
        course.release(folder, options.assignment)
        graded(folder, options.assignment, options.alone, 1)
        graded(folder, options.assignment, options.submissions, options.processes)


if __name__ == "__main__":
    main()
