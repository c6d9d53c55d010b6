"""Limits that the system keeps: CPU time, memory, and the size of files."""

import subprocess
import sys

import pytest

pytest.importorskip("psutil")

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
