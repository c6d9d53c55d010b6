"""Run a student's cells and ask their functions, in a process that has the stub in place of the library.

Reads a job (see answers.py) from its input and writes one JSON line for each test to its output. Nothing is decided
here. Every statement runs by itself, since one that experiments with the library fails and must not take the next
definition with it. Every test runs in a child of its own with its own CPU time, which the system ends and no `except`
survives: a function without an end loses its own test, a cell without an end everything that follows.
"""

import ast
import json
import linecache
import os
import pickle
import resource
import select
import signal
import sys
import time
from codeop import Compile
from collections.abc import Callable
from functools import partial
from typing import Any


class Cells:
    """The names that a student's cells have defined so far, and the last error among their statements."""

    def __init__(self) -> None:
        self.space: dict[str, Any] = {"__name__": "__main__", "display": _nothing, "get_ipython": lambda: Shell(self)}
        self.trouble = ""
        self._count = 0
        self._compile = Compile()  # remembers `from __future__`

    def run(self, code: str) -> None:
        self._count += 1
        name = f"<cell {self._count}>"
        try:
            code = _plain_python(code)
            statements = ast.parse(code).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.trouble = _name(error)
            return
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)  # for inspect.getsource
        for statement in statements:
            try:
                exec(self._compile(ast.Module([statement], []), name, "exec"), self.space)  # type: ignore[arg-type]
            except BaseException as error:
                self.trouble = _name(error)


class Shell:
    """In place of the notebook's shell: magics that time or silence code run it, all else does nothing."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def run_line_magic(self, name: str, line: str, *_: Any) -> None:
        if name == "time":
            self._cells.run(line)

    def run_cell_magic(self, name: str, line: str, code: str) -> None:
        if name in ("time", "capture"):
            self._cells.run(code)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _nothing


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _plain_python(code: str) -> str:
    """Without IPython's magics, if there are any."""
    try:
        ast.parse(code)
        return code
    except SyntaxError:
        from IPython.core.inputtransformer2 import TransformerManager

        return TransformerManager().transform_cell(code)


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def answers(function: Any, cases: Any, job: dict, before: Callable[[], None] = lambda: None) -> str | None:
    """What the function returns on the inputs, as JSON, from a child process; None if it did not finish.

    What is done `before`, there, is done to nobody else.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (job["test_cpu"], job["test_cpu"]))
            before()
            _write(writer, _asked(function, cases))
        finally:
            os._exit(0)
    os.close(writer)
    try:
        return _read(reader, time.monotonic() + job["test_seconds"], job["longest"])
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(reader)


def _asked(function: Any, cases: Any) -> bytes:
    from diffusion_lessons.checks.portable.answers import ask, encode

    return encode(ask(function, cases)).encode()


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _read(file: int, deadline: float, longest: int) -> str | None:
    """What arrives until the other end closes; None if that is nothing, too much, or takes too long."""
    received = b""
    while len(received) <= longest and select.select([file], [], [], max(0.0, deadline - time.monotonic()))[0]:
        data = os.read(file, 65536)
        if not data:
            return received.decode() or None
        received += data
    return None


def main() -> None:
    job = pickle.loads(sys.stdin.buffer.read())
    results = os.dup(1)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)

    from diffusion_lessons import checks

    checks.OWN.update(job["own"])  # type: ignore[attr-defined]
    cells = Cells()
    for step in job["steps"]:
        if "code" in step:
            cells.run(step["code"])
        elif step["name"] not in cells.space:
            _write(results, json.dumps({"cell": step["cell"], "trouble": cells.trouble}).encode() + b"\n")
        else:
            asked = cells.space[step["name"]], step["cases"], job
            sent = {"cell": step["cell"], "answers": answers(*asked)}
            if step["earlier"] and sent["answers"] is not None:
                sent["given"] = answers(*asked, before=partial(cells.run, step["earlier"]))
            _write(results, json.dumps(sent).encode() + b"\n")
    os._exit(0)  # nothing of the student's runs at the end


if __name__ == "__main__":
    main()
