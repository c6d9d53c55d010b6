"""Watch processes that share what one of them may use, and end them when they exceed it.

The system limits each process by itself (limits.py). Together they are watched from outside: how many they are, their
memory (shared pages counted once), and the files that they keep, which are memory, too, or lie on this machine's disk.
"""

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from diffusion_lessons.classroom.sandbox.sandbox import SCRATCH, Limits

MOST_FILES = 20_000  # in the sandbox's own folders
MB = 2**20


def watch(
    pid: int,
    limits: Limits,
    stop: threading.Event,
    *,
    seconds: float = math.inf,
    folder: Path | None = None,
    every: float = 0.4,
) -> str | None:
    """Why a process and its children were ended, or ended by themselves; None if `stop` came first, or for no reason.

    seconds   how long they may take
    folder    what they may write outside of a sandbox: `limits.file_mb` in all
    """
    deadline, seconds_used = time.monotonic() + seconds, dict[int, float]()
    try:
        root = psutil.Process(pid)
    except psutil.Error:
        return None
    while True:
        stopped = stop.wait(every)
        family = list(_family(root))
        if not family:
            return _used_up(max(seconds_used.values(), default=0.0), limits)
        if stopped:
            return None
        reason = _exceeded(family, limits, folder)
        if not reason and time.monotonic() > deadline:
            reason = f"it took more than the {seconds:g} s that it may"
        if reason:
            end(family)
            return reason
        for process in family:
            with suppress(psutil.Error):
                times = process.cpu_times()
                seconds_used[process.pid] = times.user + times.system


def _family(root: psutil.Process) -> Iterator[psutil.Process]:
    """The process and its children, as far as they live."""
    try:
        if root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            yield root
            yield from root.children(recursive=True)
    except psutil.Error:
        return


def _used_up(seconds: float, limits: Limits) -> str | None:
    """The reason of processes that have gone: only the system ends one at its CPU time, and it does not say so."""
    if seconds >= 0.8 * limits.cpu_seconds:  # what was seen last; a busy machine looks seldom
        return f"it used up the {limits.cpu_seconds} s of CPU time that it may"
    return None


def _exceeded(family: list[psutil.Process], limits: Limits, folder: Path | None) -> str:
    if len(family) > limits.processes:
        return f"{len(family)} processes, more than the {limits.processes} that it may have"
    scratch, files = _scratch(family[-1])
    if scratch + sum(map(_resident, family)) > limits.memory_mb * MB:
        memory = (scratch + sum(map(_own, family))) / MB
        if memory > limits.memory_mb:
            return f"{memory:.0f} MB of memory, more than the {limits.memory_mb} MB that it may have"
    if files > MOST_FILES:
        return f"{files} files, more than the {MOST_FILES} that it may have"
    written, count = _written(folder) if folder else (0, 0)
    if written > limits.file_mb * MB or count > 1000:
        return (
            f"{count} files of {written / MB:.0f} MB beside its sockets, more than the {limits.file_mb} MB that it may"
        )
    return ""


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _own(process: psutil.Process) -> int:
    """Memory in which a page that several processes share is counted once in all, where the system tells."""
    try:
        return getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss
    except psutil.Error:
        return _resident(process)


def _scratch(process: psutil.Process) -> tuple[int, int]:
    """Bytes and files in the private folders of a sandbox, which are memory; (0, 0) outside of one."""
    size = count = 0
    for folder in SCRATCH:
        inside = f"/proc/{process.pid}/root{folder}"
        with suppress(OSError):
            if os.stat(inside).st_dev != os.stat(folder).st_dev:
                used = os.statvfs(inside)
                size += (used.f_blocks - used.f_bfree) * used.f_frsize
                count += used.f_files - used.f_ffree
    return size, count


def _written(folder: Path) -> tuple[int, int]:
    """Bytes and number of the files in a folder of this machine; counting ends where there are too many."""
    size = count = 0
    for here, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            with suppress(OSError):
                size, count = size + os.lstat(os.path.join(here, name)).st_blocks * 512, count + 1
        if count > 1000:
            break
    return size, count


def end(family: list[psutil.Process]) -> None:
    """Kill them, the oldest first: with the first process of a sandbox all others in it go."""
    for process in family:
        with suppress(psutil.Error):
            process.kill()
    time.sleep(0.1)
