"""One lesson under other instruction sets and two threads: what it prints is the same, by the policy of `policy.py`."""

import os
import subprocess
import sys

import pytest
from lesson_files import LESSONS, ROOT

ELSEWHERE = {
    "no vector instructions": {"ATEN_CPU_CAPABILITY": "default", "DNNL_MAX_CPU_ISA": "SSE41"},
    "AVX2": {"ATEN_CPU_CAPABILITY": "avx2", "DNNL_MAX_CPU_ISA": "AVX2"},
    "two threads": {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "PASSIVE"},  # waiting threads must not hold a busy core
}
pytestmark = pytest.mark.timeout(900)  # two of the three are slow on purpose


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_cpu_prints_the_same(name):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "nbval", "-p", "tests.lessons.policy"]
    lesson = LESSONS / "01_noise.ipynb"
    result = subprocess.run(
        [*command, str(lesson)], cwd=ROOT, env={**os.environ, **ELSEWHERE[name]}, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout[-3000:]
