"""A kernel in the sandbox, reached through sockets in a private folder."""

import os
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from traitlets import default

from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.sandbox import UNPROTECTED, Limits, limited, sandboxed
from diffusion_lessons.classroom.sandbox.watching import watch


class Watched:
    """Why a kernel was ended, for whoever asks after it has gone."""

    def __init__(self) -> None:
        self._found: str | None = None
        self._thread: threading.Thread | None = None

    def start(self, pid: int, limits: Limits, stop: threading.Event, folder: Path) -> None:
        def guard() -> None:
            self._found = watch(pid, limits, stop, folder=folder)

        self._thread = threading.Thread(target=guard, daemon=True)
        self._thread.start()

    def reason(self) -> str | None:
        """What the watch has found, which may still be about to say so."""
        if self._thread is not None:
            self._thread.join(60)  # at most on a busy machine; it ends with the kernel
        return self._found


class SandboxedKernelManager(AsyncKernelManager):
    """A kernel manager that starts its kernel in the sandbox, or at least under limits, and watches it."""

    limits = Limits()
    watched = Watched()

    @default("transport")
    def _through_sockets(self) -> str:
        return "ipc"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._private = tempfile.TemporaryDirectory(prefix="kernel-", dir=sandbox.TEMPORARY)
        self.connection_file = str(Path(self._private.name) / "kernel.json")
        self._stop = threading.Event()

    async def _async_start_kernel(self, **kwargs):
        self._work = Path(kwargs.get("cwd") or os.getcwd())
        if sandbox.bubblewrap() is None:
            warnings.warn(UNPROTECTED, stacklevel=2)
        kwargs.update(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # what is printed comes by the sockets
        await super()._async_start_kernel(**kwargs)
        if self.provisioner is not None and self.provisioner.pid is not None:  # type: ignore[attr-defined]
            self.watched.start(self.provisioner.pid, self.limits, self._stop, Path(self._private.name))  # type: ignore[attr-defined]

    start_kernel = _async_start_kernel

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = super().format_kernel_cmd(extra_arguments)
        command[0] = sys.executable
        if sandbox.bubblewrap() is None:
            return limited(command, self.limits)
        return sandboxed(command, self.limits, writable=Path(self._private.name), work=self._work)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        self._stop.set()
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            self._private.cleanup()

    cleanup_resources = _async_cleanup_resources
