"""The values that earn points: what a student's functions return in a process that has no library to lean on.

The notebook itself runs in the kernel, with everything, for the student's and the teacher's eyes. Its values earn
nothing. Its cells run once more here, in a sandbox in which this package is replaced by its stub: names without
functions behind them. There are no solutions to read, no samplers to wrap, no checks to patch, and nothing
that was said or stored in the kernel. A function that still returns the right values on inputs that nobody could
foresee was written in the notebook.

Inputs go in, values come out as JSON, and both are judged elsewhere (grading/preprocessors.py).
"""

import json
import os
import pickle
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusion_lessons
from diffusion_lessons.checks import exercise
from diffusion_lessons.checks.portable.answers import LONGEST
from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.sandbox import Limits, limited, sandboxed
from diffusion_lessons.classroom.sandbox.watching import watch

PACKAGE = Path(diffusion_lessons.__file__).parent
STUB = Path(__file__).with_name("stub")
TEST_CPU = 10  # seconds; the inputs are tiny, so what takes longer does not end
FILES = {
    "run.py": STUB / "run.py",
    "limits.py": Path(__file__).with_name("limits.py"),
    "diffusion_lessons/__init__.py": STUB / "library.py",
    "diffusion_lessons/checks/__init__.py": STUB / "checks.py",
    **{f"diffusion_lessons/checks/portable/{file.name}": file for file in (PACKAGE / "checks/portable").glob("*.py")},
}


@dataclass(frozen=True)
class Question:
    """A test cell: by its place in the notebook, its exercise, and the seed of its inputs.

    `earlier` is code that defines right versions of the functions before it, on which an answer may build.
    """

    cell: int
    name: str
    seed: int
    own: bool = False  # the student was shown these inputs
    earlier: str = ""


@dataclass(frozen=True)
class Sent:
    """What came back for one test: encoded answers, or none and the last error of the code before it.

    `given` are the answers where right versions of the earlier functions stood in place of the student's own.
    """

    answers: str | None = None
    trouble: str = ""
    given: str | None = None


def values(cells: Iterable[str | Question], limits: Limits) -> tuple[dict[int, Sent], str]:
    """Run the cells' code in order and ask at each test; what came back by cell, and why it ended early, or ''."""
    with stub_folder() as folder:
        command = [sys.executable, str(folder / "run.py")]
        if sandbox.bubblewrap() is None:
            command, variables = limited(command, limits, folder), {**os.environ, "PYTHONPATH": str(folder)}
        else:
            command, variables = sandboxed(command, limits, stub=folder), {}
        output, reason = _run(command, variables, _job(list(cells), limits), limits)
    return dict(_read(output)), reason


@contextmanager
def stub_folder() -> Iterator[Path]:
    """The stub as a folder that Python can import from."""
    with tempfile.TemporaryDirectory(prefix="answers-", dir=sandbox.TEMPORARY) as folder:
        for name, source in FILES.items():
            (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, Path(folder) / name)
        yield Path(folder)


def _job(cells: list[str | Question], limits: Limits) -> bytes:
    """Pickled, because inputs may be functions (of checks/portable/inputs.py); nothing is ever unpickled out here."""
    steps: list[dict[str, Any]] = []
    own = {}
    for cell in cells:
        if isinstance(cell, str):
            steps.append({"code": cell})
            continue
        chosen = exercise(cell.name)
        cases = chosen.cases(cell.seed)
        steps.append({"cell": cell.cell, "name": cell.name, "cases": cases, "earlier": cell.earlier})
        if cell.own:
            own[cell.name] = dict(zip(chosen.arguments, cases[0][0], strict=True))
    numbers = {"test_cpu": TEST_CPU, "test_seconds": limits.cell_seconds, "longest": LONGEST}
    return pickle.dumps({"steps": steps, "own": own, **numbers})


def _run(command: list[str], variables: dict, job: bytes, limits: Limits) -> tuple[bytes, str]:
    """The output of the command, cut off at the limits, and why it ended early, or ''."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env=variables, start_new_session=True, **pipes)  # type: ignore[call-overload]
    reasons, stop = [], threading.Event()

    def guard() -> None:
        reasons.append(watch(process.pid, limits, stop, seconds=limits.notebook_seconds))

    guarding = threading.Thread(target=guard, daemon=True)
    guarding.start()
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(job)
            process.stdin.close()
        output = _received(process)
    finally:
        _end_all(process)
        stop.set()
        guarding.join()
        process.stdout.close()
    code = process.wait()
    if code == 0:
        return output, ""
    killed = "the system ended it" if code in (-signal.SIGKILL, 128 + signal.SIGKILL) else "it ended by itself"
    return output, next(filter(None, reasons), f"{killed} (status {code})")


def _received(process: subprocess.Popen) -> bytes:
    """What the process writes, until it has ended: a child that it left behind may hold the pipe open for ever."""
    output, pipe = b"", process.stdout.fileno()  # type: ignore[union-attr]
    while len(output) < 20 * LONGEST:
        ended = process.poll() is not None
        if select.select([pipe], [], [], 0.0 if ended else 0.2)[0]:
            data = os.read(pipe, 2**16)
            if not data:
                break
            output += data
        elif ended:
            break
    return output


def _end_all(process: subprocess.Popen) -> None:
    """Wait for the process, whose output has ended, to end itself; then end whatever it left behind."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _read(output: bytes) -> Iterator[tuple[int, Sent]]:
    """What the process sent, as far as it has the right form: it may have written anything."""
    for line in output.splitlines():
        try:
            fields = json.loads(line)
            answers, given = (
                text if isinstance(text := fields.get(key), str) else None for key in ("answers", "given")
            )
            yield int(fields["cell"]), Sent(answers, str(fields.get("trouble", ""))[:300], given)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue
