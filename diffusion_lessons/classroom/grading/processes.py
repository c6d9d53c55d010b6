"""One process for each submission, which ends when it should: by itself, at its deadline, or with its parent.

What a submission leaves behind ends with it: its kernel, whatever that started, and its temporary files. A pool of
workers cannot do that, since a worker that never answers holds its place for ever.
"""

import ctypes
import multiprocessing
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.watching import end

PRELOADED = ["diffusion_lessons.classroom.grading.preprocessors", "nbgrader.apps"]  # what takes seconds to import
SUBREAPER = 36  # Linux: a process whose orphaned descendants become its children


@dataclass(frozen=True)
class Outcome:
    """What became of one task: the value of its function, or why there is none."""

    task: str
    value: Any = None
    trouble: str = ""


@dataclass(frozen=True)
class _Running:
    task: str
    process: BaseProcess
    answer: Connection
    folder: str  # its temporary files
    deadline: float

    def outcome(self, seconds: float) -> Outcome | None:
        """Its outcome, or None while there is none."""
        with suppress(EOFError):
            if self.answer.poll():
                return self.answer.recv()
        if not self.process.is_alive():
            return Outcome(self.task, trouble=f"its process ended by itself ({self.process.exitcode})")
        late = time.monotonic() > self.deadline
        return Outcome(self.task, trouble=f"it was ended after {seconds:g} s") if late else None

    def end(self) -> None:
        end_family(self.process.pid)
        self.process.join()
        self.answer.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def outcomes(
    function: Callable[..., Any], arguments: tuple, tasks: Sequence[str], *, workers: int, seconds: float
) -> Iterator[Outcome]:
    """function(*arguments, task) for every task, each in a process of its own that may take so many seconds.

    At most `workers` run at the same time; outcomes come in the order in which they are there.
    """
    context, waiting, running = _context(), list(tasks)[::-1], list[_Running]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(_start(context, function, arguments, waiting.pop(), seconds))
            ends = [run.process.sentinel for run in running] + [run.answer for run in running]
            wait(ends, timeout=max(0.0, min(run.deadline for run in running) - time.monotonic()) + 0.01)
            for run in list(running):
                outcome = run.outcome(seconds)
                if outcome is not None:
                    running.remove(run)
                    run.end()
                    yield outcome
    finally:  # also when whoever asks stops asking
        for run in running:
            run.end()


def _context() -> BaseContext:
    """Processes forked from one that has imported everything, where that is safe."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _start(context: BaseContext, function: Callable, arguments: tuple, task: str, seconds: float) -> _Running:
    folder = tempfile.mkdtemp(prefix="grading-", dir=sandbox.TEMPORARY)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, folder, function, arguments, task))  # type: ignore[attr-defined]
    process.start()
    sender.close()
    return _Running(task, process, receiver, folder, time.monotonic() + seconds)


def _work(sender: Connection, folder: str, function: Callable, arguments: tuple, task: str) -> None:
    """What each process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it, and ends this process
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    sandbox.TEMPORARY = folder
    threading.Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    try:
        outcome = Outcome(task, function(*arguments, task))
    except Exception as error:
        outcome = Outcome(task, trouble=f"{type(error).__name__}: {error}"[:300])
    sender.send(outcome)
    threading.Event().wait()  # for the parent to end it: were it gone first, what it started would outlive it


def _end_with_parent(folder: str) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        shutil.rmtree(folder, ignore_errors=True)
        end_family(multiprocessing.current_process().pid)


def end_family(pid: int | None) -> None:
    """End a process and everything that it started, the process itself last."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        own = root.pid == multiprocessing.current_process().pid
        if not own:
            root.suspend()  # it starts nothing any more, and orphans become its children
        for _ in range(20):
            family = [process for process in root.children(recursive=True) if _is_alive(process)]
            if not family:
                break
            end(family)
        root.kill()


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
