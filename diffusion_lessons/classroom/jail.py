"""The kernel in which a student's code runs: jailed by bubblewrap where the platform has it, limited everywhere.

In the jail there is no network, the system and the Python environment can only be read, home and /tmp are private and
empty, and nothing else of the machine exists: no gradebook, no solutions, no other submission. The kernel is reached
through sockets in a private folder. Everywhere there are limits on CPU time, memory, processes and file size, and a
watch that ends the kernel when its processes together exceed them.

Where bubblewrap cannot start, a student's code can read what the grader can read, and use the network. Points are
still decided outside its process.
"""

import functools
import os
import shutil
import site
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import psutil
from jupyter_client.manager import AsyncKernelManager
from traitlets import default

import diffusion_lessons

HOME = "/tmp/home"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts")
UNPROTECTED = (
    "bubblewrap (bwrap) cannot start here, so submissions run unjailed: they can read what you can read, gradebook and "
    "solutions included, write where you can write, and use the network. Limits on time, memory and processes hold, "
    "and points are still decided outside their process. Install bubblewrap, or grade only work that you trust"
)


@dataclass(frozen=True)
class Limits:
    """What one submission may use. CPU time is the fair limit; those on the clock are for code that waits."""

    cell_seconds: int = 120
    notebook_seconds: int = 300
    cpu_seconds: int = 120
    memory_mb: int = 4096
    processes: int = 64
    file_mb: int = 64


@functools.cache
def bubblewrap() -> str | None:
    """The path of a bwrap that can start a jail here, or None."""
    command = shutil.which("bwrap")
    if command is None:
        return None
    trial = [command, "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "true"]
    return command if subprocess.run(trial, capture_output=True).returncode == 0 else None


def environment() -> dict[str, str]:
    """All that a student's process inherits of the grader's environment."""
    mine = {"HOME": HOME, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    threads = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**mine, **threads, "JUPYTER_PLATFORM_DIRS": "1", "MPLCONFIGDIR": f"{HOME}/matplotlib"}


def readable() -> list[str]:
    """What the jail shows of the machine: the system, this Python, the installed packages, this package."""
    python = {sys.prefix, sys.base_prefix, *site.getsitepackages()}
    return [*SYSTEM, *sorted(python), str(Path(diffusion_lessons.__file__).parent)]


def limited(command: list[str], limits: Limits) -> list[str]:
    numbers = (limits.cpu_seconds, limits.memory_mb, limits.processes * 8, limits.file_mb)  # threads count, too
    return [sys.executable, str(Path(__file__).with_name("limited.py")), *map(str, numbers), *command]


def jailed(command: list[str], limits: Limits, sockets: Path, work: Path) -> list[str]:
    """The command in a jail in which `sockets` can be written, and a private copy of `work` is the current folder."""
    bwrap = bubblewrap()
    assert bwrap is not None
    wrapped = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    wrapped += ["--uid", "1000", "--gid", "1000", "--unshare-user", "--hostname", "jail"]
    for folder in readable():
        wrapped += ["--ro-bind-try", folder, folder]
    wrapped += ["--proc", "/proc", "--dev", "/dev", "--size", str(256 * 2**20), "--tmpfs", "/tmp"]
    wrapped += ["--dir", HOME, "--bind", str(sockets), str(sockets), "--dir", "/tmp/work", "--chdir", "/tmp/work"]
    for file in sorted(work.rglob("*")) if work.is_dir() else []:
        if file.is_file() and not file.is_symlink() and file.suffix != ".ipynb":
            wrapped += ["--ro-bind", str(file), f"/tmp/work/{file.relative_to(work)}"]
    for name, value in environment().items():
        wrapped += ["--setenv", name, value]
    return [*wrapped, "--", *limited(command, limits)]


class JailedKernelManager(AsyncKernelManager):
    """A kernel manager that starts its kernel in the jail, or at least under limits, and watches it."""

    limits = Limits()
    ended_because: str | None = None

    @default("transport")
    def _through_sockets(self) -> str:
        return "ipc"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._private = tempfile.TemporaryDirectory(prefix="kernel-", dir="/tmp")  # socket paths must be short
        self.connection_file = str(Path(self._private.name) / "kernel.json")
        self._stop = threading.Event()

    async def _async_start_kernel(self, **kwargs):
        self._work = Path(kwargs.get("cwd") or os.getcwd())
        if bubblewrap() is None:
            warnings.warn(UNPROTECTED, stacklevel=2)
        kwargs.update(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # what is printed comes by the sockets
        await super()._async_start_kernel(**kwargs)
        threading.Thread(target=self._watch, daemon=True).start()

    start_kernel = _async_start_kernel

    @property
    def kernel_spec(self):
        spec = super().kernel_spec
        assert spec is not None
        spec.interrupt_mode = "message"  # a signal would reach the jail's own process first and end it
        return spec

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command = super().format_kernel_cmd(extra_arguments)
        command[0] = sys.executable
        if bubblewrap() is None:
            return limited(command, self.limits)
        return jailed(command, self.limits, Path(self._private.name), self._work)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        self._stop.set()
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            self._private.cleanup()

    cleanup_resources = _async_cleanup_resources

    def _watch(self, every: float = 0.4) -> None:
        """End the kernel when all its processes together use more than one may."""
        try:
            root = psutil.Process(self.provisioner.pid)  # type: ignore[union-attr]
            while not self._stop.wait(every):
                family = [root, *root.children(recursive=True)]
                memory = sum(_resident(process) for process in family) / 2**20
                if len(family) > self.limits.processes or memory > self.limits.memory_mb:
                    self.ended_because = f"{len(family)} processes and {memory:.0f} MB of memory"
                    _end(family)
                    return
        except (psutil.Error, AttributeError):
            return


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _end(family: list[psutil.Process]) -> None:
    """Kill them, the oldest first: with the first process of a jail all others in it go."""
    for process in family:
        try:
            process.kill()
        except psutil.Error:
            continue
    time.sleep(0.1)
