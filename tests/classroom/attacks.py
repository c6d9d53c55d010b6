"""Submissions to A2 that are broken or attack what grades them, and honest ones, with the points that each earns.

A kind is (points, change): `change` alters a solved notebook in place, or returns the bytes to hand in instead. None
points: it is not collected.
"""

from collections.abc import Callable

import nbformat

from tests.classroom import hostile, made_class
from tests.classroom.inboxes import without_marks
from tests.classroom.made_class import FULL, before, find

Change = Callable[[nbformat.NotebookNode], bytes | None]
ALL = FULL
STEP = 5  # points of ddim_step
FIRST = 3  # points of by_hand, which stands before the cell that attacks

SOCKETS = """
import os, time
for file in range(3, 60):
    try:
        os.write(file, b"garbage" * 100)
    except OSError:
        pass
time.sleep(3)
"""
MEMORY = "import numpy\nhoard = [numpy.ones(2**27) for _ in range(6)]"
FILES = """
for place in ("/dev/shm", "/tmp", "/", "/dev"):
    try:
        for number in range(40):
            with open(f"{place}/{number}", "wb") as file:
                file.write(bytes(60 * 2**20))
    except OSError:
        pass
"""
SOCKET_FOLDER = """
import os
for word in open("/proc/self/cmdline").read().split(chr(0)):
    if word.endswith("kernel.json"):
        for number in range(200):
            with open(f"{os.path.dirname(word)}/{number}", "wb") as file:
                file.write(bytes(60 * 2**20))
"""
HIDDEN_MEMORY = """
import os
try:
    files = [os.memfd_create("x") for _ in range(100)]
    for file in files:
        os.write(file, bytes(60 * 2**20))
except OSError:
    pass
"""
DETACHED = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"], start_new_session=True)
"""
KILLER = """
import os, signal
for process in range(1, 400):
    if process != os.getpid():
        try:
            os.kill(process, signal.SIGKILL)
        except OSError:
            pass
"""


def cell(code: str) -> Change:
    """The code in a cell of the student's own in front of ddim_step."""
    return lambda notebook: before(notebook, "ddim_step", code)


def instead(name: str, code: str) -> Change:
    def change(notebook: nbformat.NotebookNode) -> None:
        find(notebook, name).source = code

    return change


def scripts(notebook: nbformat.NotebookNode) -> None:
    hostile.attack(notebook, "a2_explain")


def deleted(notebook: nbformat.NotebookNode) -> None:
    gone = ("ddim_step_test", "ddim_std_test", "strided_times")
    notebook.cells = [each for each in notebook.cells if made_class.name(each) not in gone]


def patched(notebook: nbformat.NotebookNode) -> None:
    find(notebook, "ddim_step").source = "def ddim_step(*args):\n    return args[0]"
    before(notebook, "ddim_step", made_class.PATCHED)


def lost(notebook: nbformat.NotebookNode) -> bytes:
    return without_marks(nbformat.writes(notebook).encode())


def forged_essay(notebook: nbformat.NotebookNode) -> None:
    essay = find(notebook, "a2_explain")
    essay.update(cell_type="code", source="print(4)", outputs=[], execution_count=None)


HONEST: dict[str, tuple[float | None, Change]] = {
    "right": (ALL, lambda notebook: None),
    "right too": (ALL, lambda notebook: None),
    "forgot": (ALL - STEP, instead("ddim_step", made_class.FORGOT_DIRECTION)),
    "floor": (ALL - 4, instead("strided_times", made_class.STEPS_OF_FLOOR)),
    "shows": (ALL, cell("display(ddim_std(0.2, 0.5, 1.0) if 'ddim_std' in globals() else 'later')")),
}
KINDS: dict[str, tuple[float | None, Change]] = {
    "sockets": (ALL - STEP, cell(SOCKETS)),  # it writes over the answer that follows, too
    "scripts": (ALL, scripts),
    "page": (None, lambda notebook: b"<!DOCTYPE html>"),
    "fork": (FIRST, cell(made_class.BURST)),
    "memory": (ALL, cell(MEMORY)),
    "files": (ALL, cell(FILES)),
    "folder": (ALL, cell(SOCKET_FOLDER)),
    "memfd": (ALL, cell(HIDDEN_MEMORY)),
    "endless": (FIRST, cell(made_class.ENDLESS_CELL)),
    "loop": (ALL - STEP, instead("ddim_step", made_class.ENDLESS)),
    "detached": (ALL, cell(DETACHED)),
    "error": (ALL, cell("raise ValueError('A' * 60_000_000)")),
    "patched": (ALL - STEP, patched),
    "wrapped": (ALL - STEP, instead("ddim_step", made_class.WRAPPED)),
    "deleted": (ALL - 4, deleted),
    "lost": (ALL, lost),
    "cut": (None, lambda notebook: nbformat.writes(notebook).encode()[:5000]),
    "killer": (ALL, cell(KILLER)),
    "deep": (None, lambda notebook: b"[" * 100_000),
    "essay": (ALL, forged_essay),
    "syntax": (ALL - STEP, instead("ddim_step", "def ddim_step(x, eps\n    return x")),
}
