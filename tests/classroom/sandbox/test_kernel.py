"""The kernel that runs a notebook: how it is started."""

import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.kernel import SandboxedKernelManager


def test_without_bubblewrap_the_command_is_still_limited(monkeypatch):
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: None)
    manager = SandboxedKernelManager()
    command = manager.format_kernel_cmd()
    assert command[1].endswith("limits.py") and "bwrap" not in " ".join(command)
    assert manager.transport == "ipc"
