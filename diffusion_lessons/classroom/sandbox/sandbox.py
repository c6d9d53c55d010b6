"""The sandbox in which a student's code runs: bubblewrap where the platform has it, limits everywhere.

In the sandbox there is no network, the system and the Python environment can only be read, home and /tmp are private,
empty and small, nothing else can be written, and nothing else of the machine exists: no gradebook, no solutions, no
other submission. Everywhere there are limits on CPU time, memory, processes and file size (limits.py), and a watch that
ends processes which together exceed them (watching.py).

Where bubblewrap cannot start, a student's code can read what the grader can read, and use the network. Points are
still decided outside its process.
"""

import functools
import importlib.util
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import diffusion_lessons

HOME = "/tmp/home"
SCRATCH = {"/tmp": 256, "/dev/shm": 64}  # MB: all that can be written in the sandbox, besides a kernel's sockets
TEMPORARY = "/tmp"  # folder of what a submission needs outside; its name is short, as paths of sockets must be
HERE = Path(__file__).parent
PACKAGE = str(Path(diffusion_lessons.__file__).parent)
SOLVING = ("diffusers", "k_diffusion", "torchmetrics")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache", "/etc/fonts")
UNPROTECTED = (
    "bubblewrap (bwrap) cannot start here, so submissions run outside a sandbox: they can read what you can read, "
    "gradebook and solutions included, write where you can write, and use the network. Limits on time, memory and "
    "processes hold, and points are still decided outside their process. Install bubblewrap, or grade only work that "
    "you trust"
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
    """The path of a bwrap that can start a sandbox here, or None."""
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
    """What the sandbox shows of the machine: the system, this Python, the installed packages, this package."""
    python = {sys.prefix, sys.base_prefix, *site.getsitepackages()}
    return [*SYSTEM, *sorted(python), PACKAGE]


def limited(command: list[str], limits: Limits, folder: Path = HERE) -> list[str]:
    """The command under limits that the system keeps; `folder` holds limits.py where the command runs."""
    numbers = (limits.cpu_seconds, limits.memory_mb, limits.processes * 8, limits.file_mb)  # threads count, too
    return [sys.executable, str(folder / "limits.py"), *map(str, numbers), *command]


def sandboxed(
    command: list[str],
    limits: Limits,
    *,
    writable: Path | None = None,
    work: Path | None = None,
    stub: Path | None = None,
) -> list[str]:
    """The command in a sandbox where `writable` can be written and the files of `work` lie in the current folder.

    With a stub, this package and others that solve the exercises are not there, and Python finds `stub` first.
    """
    bwrap = bubblewrap()
    assert bwrap is not None
    wrapped = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    wrapped += ["--uid", "1000", "--gid", "1000", "--unshare-user", "--hostname", "sandbox"]
    wrapped += ["--proc", "/proc", "--dev", "/dev"]
    for folder, size in SCRATCH.items():
        wrapped += ["--size", str(size * 2**20), "--tmpfs", folder]
    for folder in readable():  # after the private /tmp, in which they may lie
        wrapped += ["--ro-bind-try", folder, folder]
    emptied = solving() if stub else []
    for folder in emptied:
        wrapped += ["--tmpfs", folder]
    wrapped += ["--dir", HOME, "--dir", "/tmp/work", "--chdir", "/tmp/work"]
    if writable:
        wrapped += ["--bind", str(writable), str(writable)]
    for file, name in handed_in(work) if work else []:
        wrapped += ["--ro-bind", str(file), f"/tmp/work/{name}"]
    variables = environment()
    if not stub and str(Path(PACKAGE).parent) not in site.getsitepackages():
        variables["PYTHONPATH"] = str(Path(PACKAGE).parent)  # the clone that grades, whichever is installed
    if stub:
        wrapped += ["--ro-bind", str(stub), str(stub)]
        variables["PYTHONPATH"] = str(stub)
    for folder in ["/", "/dev", *emptied]:  # memory without a limit, if it could be written
        wrapped += ["--remount-ro", folder]
    for variable, value in variables.items():
        wrapped += ["--setenv", variable, value]
    return [*wrapped, "--", *limited(command, limits, stub or HERE)]


def handed_in(work: Path) -> list[tuple[Path, Path]]:
    """The files of a folder beside the notebooks, with their names in it; links are left out."""
    files = [file for file in sorted(work.rglob("*")) if file.is_file() and not file.is_symlink()]
    return [(file, file.relative_to(work)) for file in files if file.suffix != ".ipynb"]


@functools.cache
def solving() -> list[str]:
    """The folders of this package and of installed ones that hold the algorithms which are asked for."""
    specs = [importlib.util.find_spec(name) for name in SOLVING]
    return [PACKAGE, *(place for spec in specs if spec for place in spec.submodule_search_locations or [])]
