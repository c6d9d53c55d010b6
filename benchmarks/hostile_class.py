"""A class of which a third is hostile or broken, graded from its inbox to feedback: marks, minutes, memory.

    python -m benchmarks.hostile_class [--submissions 60] [--processes N]

Makes a course in a temporary folder and an inbox of submissions to A2: of every three, two as honest students hand them
in (right, partly right, with a known mistake; as files, folders and zips, with names of several alphabets) and one
that is broken or attacks what grades it. Collects, grades, reports and writes feedback, and prints what each was given
beside what it should get, the minutes of each step, and the most memory that all processes of the grading held at a
time. It ends with an error where marks differ, or where anything is left behind: a process, a temporary folder, a
changed file. Without bubblewrap it refuses to start: these submissions would be let loose on this machine.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil

from diffusion_lessons.classroom import course
from diffusion_lessons.classroom.collecting import collect
from diffusion_lessons.classroom.grading import report, whole_class
from diffusion_lessons.classroom.grading.feedback import feedback
from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.sandbox import bubblewrap
from diffusion_lessons.machine.files import write_atomically
from tests.classroom import attacks
from tests.classroom.inboxes import packed
from tests.classroom.made_class import FULL, Maker

LIMITS = {"cell_seconds": 120, "notebook_seconds": 240, "cpu_seconds": 30, "memory_mb": 1500, "processes": 40}
NAMES = ("ana", "Jörg Müller", "李雷", "O'Brien", "José", "محمد", "Åsa", "Smith, Bo")


def made(maker: Maker, count: int) -> tuple[dict[str, bytes], dict[str, float | None]]:
    """The files of an inbox, and the points that each student should get (None: is not collected)."""
    files, expected = dict[str, bytes](), dict[str, float | None]()
    for number in range(count):
        kinds = attacks.KINDS if number % 3 == 2 else attacks.HONEST
        kind = list(kinds)[number // 3 % len(kinds) if number % 3 == 2 else number % len(kinds)]
        student = f"{kind}-{number}" if number % 3 == 2 else f"{NAMES[number % len(NAMES)]} {number}"
        points, change = kinds[kind]
        notebook = maker.solved(student)
        data = change(notebook) or nbformat.writes(notebook).encode()
        if number % 4 == 1:
            files[f"{student}.zip"] = packed({"A2.ipynb": data})
        else:
            files[f"{student}.ipynb" if number % 4 == 0 else f"{student}/A2.ipynb"] = data
        expected[student] = points
    return files, expected


class Memory:
    """The most memory that this process and all below it held at a time, looked at once a second."""

    def __init__(self) -> None:
        self.most, self._stop = 0.0, threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        thread = threading.Thread(target=self._watch, daemon=True)
        thread.start()
        yield
        self._stop.set()
        thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            held = 0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                try:
                    held += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.most = max(self.most, held / 2**20)


def timed(what: str, step: Callable):
    begin = time.perf_counter()
    result = step()
    print(f"{what:10} {(time.perf_counter() - begin) / 60:6.2f} minutes", flush=True)
    return result


def run(root: Path, count: int, processes: int) -> list[str]:
    """Grade the class; what is not as it should be."""
    folder, inbox, victim, temporary = (root / name for name in ("course", "inbox", "victim.txt", "t"))
    temporary.mkdir()
    sandbox.TEMPORARY = str(temporary)
    course.new(folder)
    write_atomically(folder / "limits.json", json.dumps(LIMITS).encode())
    course.release(folder, "A2")
    secret = (folder / "secret.txt").read_bytes()
    write_atomically(victim, b"unharmed")
    files, expected = made(Maker(folder, inbox), count)
    for name, content in files.items():
        write_atomically(inbox / name, content)
    (inbox / "eve.ipynb").symlink_to(folder / "source/A2/A2.ipynb")
    done = timed("collect", lambda: collect(folder, "A2", inbox))
    for where, why in done.left_out:
        print(f"  left out: {where}: {why}")
    waiting = whole_class.waiting(folder, "A2")

    def grade() -> None:
        for number, record in enumerate(whole_class.grade(folder, "A2", waiting, processes=processes)):
            print(f"  {number + 1:3} {record.student}: {record.seconds:g} s {record.trouble}", flush=True)

    timed("grade", grade)
    rows = {row.name: row for row in timed("report", lambda: report.rows(folder, "A2"))}
    pages = timed("feedback", lambda: feedback(folder, "A2", anyway=True))
    faults = [
        f"{name}: {rows[name].total:g} points, not {points:g}"
        for name, points in expected.items()
        if name in rows and points is not None and abs(rows[name].total - points) > 0.01
    ]
    faults += [f"{name}: no row" for name, points in expected.items() if points is not None and name not in rows]
    faults += [f"{name}: was collected" for name, points in expected.items() if points is None and name in rows]
    for name, row in rows.items():
        print(f"  {row.total:4g} of {FULL}  {name}  {row.trouble}")
    print(f"{len(pages.written)} pages, {len(pages.waiting)} essays wait, {len(pages.not_graded)} not graded")
    faults += ["the secret was changed"] if secret != (folder / "secret.txt").read_bytes() else []
    faults += ["a file outside was changed"] if victim.read_text() != "unharmed" else []
    faults += [f"left behind: {path}" for path in temporary.iterdir()]
    commands = [" ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)]
    return faults + [f"still runs: {command}" for command in commands if "bwrap" in command or "ipykernel" in command]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if bubblewrap() is None:
        sys.exit("bubblewrap cannot start here: hostile submissions would run outside of a sandbox")
    warnings.simplefilter("ignore")
    memory = Memory()
    load, free = os.getloadavg()[0], psutil.virtual_memory().available
    print(f"{options.submissions} submissions, {options.processes} at a time, load {load:.1f}; limits {LIMITS}")
    with tempfile.TemporaryDirectory(prefix="hostile-class-") as root, memory.watched():
        faults = timed("all", lambda: run(Path(root), options.submissions, options.processes))
    taken = (free - psutil.virtual_memory().available) / 2**20
    print(f"most memory at a time: {memory.most:.0f} MB; of the machine's, {taken:.0f} MB less than before are free")
    print("\n".join(faults) or "all marks as they should be, nothing left behind")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
