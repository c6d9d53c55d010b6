"""A class of made submissions to assignment A2: each a way in which work arrives, with the points it should get."""

from pathlib import Path

import nbformat

POINTS = {"by_hand": 3, "ddim_step": 5, "strided_times": 4, "ddim_std": 3, "ddim_eta_step": 5}
FULL = sum(POINTS.values())

FORGOT_DIRECTION = """
def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    return alpha_bar_s**0.5 * x0
"""
STEPS_OF_FLOOR = """
def strided_times(T, steps):
    return [T - k * (T // steps) for k in range(steps + 1)]
"""
DIRECTION_NOT_SHORTENED = """
def ddim_eta_step(x, eps, z, alpha_bar_t, alpha_bar_s, eta):
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    step = alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s) ** 0.5 * eps
    return step + ddim_std(alpha_bar_t, alpha_bar_s, eta) * z
"""
PATCHED = """
import numpy, torch, builtins
from diffusion_lessons import checks
import diffusion_lessons.checks.exercise as records
import diffusion_lessons.checks.portable.values as values

torch.allclose = numpy.allclose = lambda *a, **k: True
torch.equal = lambda *a, **k: True
values.same = records.same = lambda *a: True
checks.assess = records.assess = lambda e, a, s: records.Result(e, (True,) * len(e.parts))
checks.check = check = lambda name, function, **_: records.Result(checks.exercise(name), (True,))
"""
LOOKS_AROUND = """
import glob, os, socket

found = []
for folder in [{course!r}, "/root", "/home", os.path.expanduser("~"), "/tmp"]:
    for here, folders, files in os.walk(folder):
        folders[:] = set(folders) - {{"site-packages"}}  # nbgrader ships a gradebook of its own
        found += {{"gradebook.db", "secret.txt", "victim.txt", "A2.ipynb", "id_rsa"}} & set(files)
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1)
    found.append("network")
except OSError:
    pass
for target in ({victim!r}, "/usr/graded", {course!r} + "/gradebook.db"):
    try:
        with open(target, "w") as file:
            file.write("mine")
        found.append(target)
    except OSError:
        pass
print("found", found)
"""
UNLESS_FOUND = """
if found:
    del ddim_step
"""
WRAPPED = """
from diffusion_lessons.samplers.ddim import ddim_step as theirs
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.schedules import from_alpha_bar

def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    x, eps = torch.as_tensor(x, dtype=torch.float64), torch.as_tensor(eps, dtype=torch.float64)
    seen = Estimate((x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5, eps)
    return theirs(seen, from_alpha_bar([1.0, alpha_bar_s]), 1.0) if alpha_bar_s < 1 else seen.x0
"""
TAKEN = """
from diffusion_lessons.checks import EXERCISES, exercise

by_hand = EXERCISES["by_hand"].solution(**inputs("by_hand", variant(STUDENT)))
"""
TAKEN_STEP = """
def ddim_step(*args):
    return exercise("ddim_step").solution(*args)
"""
ENDLESS = """
def ddim_step(*args):
    while True:
        try:
            pass
        except BaseException:
            pass
"""
ENDLESS_CELL = "while True:\n    try:\n        pass\n    except BaseException:\n        pass"
BURST = "import os\nfor _ in range(200):\n    if os.fork() == 0:\n        import time; time.sleep(60); os._exit(0)"


class Maker:
    """Writes submissions from the released notebook and the solutions of the built one."""

    def __init__(self, course: Path, folder: Path):
        self.release = course / "release" / "A2" / "A2.ipynb"
        self.source = course / "source" / "A2" / "A2.ipynb"
        self.folder = folder

    def solved(self, student: str) -> nbformat.NotebookNode:
        """The released notebook with every solution filled in and without the plain cells that take time."""
        notebook = nbformat.read(self.release, 4)
        solutions = {name(cell): cell.source for cell in nbformat.read(self.source, 4).cells if name(cell)}
        for cell in notebook.cells:
            if "STUDENT = " in cell.source:
                cell.source = f"STUDENT = {student!r}"
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source = solutions[name(cell)]
        notebook.cells = [cell for cell in notebook.cells if "plt.subplots" not in cell.source]
        notebook.cells[1].source = notebook.cells[1].source.replace("import matplotlib.pyplot as plt\n", "")
        return notebook

    def write(self, student: str, notebook: nbformat.NotebookNode) -> None:
        nbformat.write(notebook, self.folder / f"{student}.ipynb")


def name(cell) -> str | None:
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def find(notebook, wanted: str):
    return next(cell for cell in notebook.cells if name(cell) == wanted)


def before(notebook, wanted: str, code: str) -> None:
    """Put a cell of the student's own in front of a cell."""
    notebook.cells.insert(notebook.cells.index(find(notebook, wanted)), nbformat.v4.new_code_cell(code))
