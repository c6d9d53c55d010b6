"""Limits that the system keeps: CPU time, memory, and the size of files."""

import platform
import subprocess
import sys

import pytest

pytest.importorskip("psutil")

from diffusion_lessons.classroom.sandbox.limits import HIDDEN_MEMORY, OPEN_FILES
from diffusion_lessons.classroom.sandbox.sandbox import Limits, limited


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=280)


def python(code):
    return [sys.executable, "-I", "-c", code]


def test_cpu_time_ends():
    done = run(limited(python("while True: pass"), Limits(cpu_seconds=1)))
    assert done.returncode < 0


def test_memory_ends():
    code = "import sys\ntry: x = bytearray(400 * 2**20)\nexcept MemoryError: sys.exit(3)"
    assert run(limited(python(code), Limits(memory_mb=200))).returncode == 3
    assert run(limited(python(code), Limits(memory_mb=800))).returncode == 0


def test_large_files_end(tmp_path):
    code = f"open({str(tmp_path / 'large')!r}, 'wb').write(bytes(3 * 2**20))"
    assert run(limited(python(code), Limits(file_mb=1))).returncode != 0
    assert (tmp_path / "large").stat().st_size <= 2**20


def test_open_files_end():
    code = "import os\nfiles = []\nwhile True: files.append(os.dup(0))"
    done = run(limited(python(code), Limits()))
    assert "Too many open files" in done.stderr
    assert run(limited(python(f"import os; [os.dup(0) for _ in range({OPEN_FILES - 50})]"), Limits())).returncode == 0


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.machine() not in HIDDEN_MEMORY, reason="Linux on x86 and ARM"
)
@pytest.mark.parametrize(
    "call", ["os.memfd_create('x')", "system.shmget(0, 4096, 0o1600)", "system.syscall(0x4000013F)"]
)
def test_memory_that_nobody_would_count_is_refused(call):
    """memfd_create holds memory in a file without a place, shmget in a segment without a process."""
    code = (
        "import ctypes, errno, os\n"
        "system = ctypes.CDLL(None, use_errno=True)\n"
        "try:\n"
        f"    print({call}, ctypes.get_errno() == errno.EPERM)\n"
        "except PermissionError:\n"
        "    print(-1, True)\n"
    )
    assert run(limited(python(code), Limits())).stdout.split() == ["-1", "True"]
