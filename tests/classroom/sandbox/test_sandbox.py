"""The sandbox, tried with small commands: what can be seen, written and used up in it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from diffusion_lessons.classroom.sandbox import sandbox
from diffusion_lessons.classroom.sandbox.sandbox import Limits, bubblewrap, sandboxed

needs_bubblewrap = pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap cannot start on this machine")


def run(command, seconds=280):
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)


def python(code):
    return [sys.executable, "-I", "-c", code]


def inside(code, tmp_path, work=None, limits=None):
    sockets = tmp_path / "sockets"
    sockets.mkdir(exist_ok=True)
    return run(sandboxed(python(code), limits or Limits(), writable=sockets, work=work))


@needs_bubblewrap
def test_nothing_of_the_machine_can_be_seen(tmp_path):
    (tmp_path / "gradebook.db").write_text("marks")
    repository = Path(__file__).parents[3]
    places = [
        str(tmp_path),
        str(tmp_path / "gradebook.db"),
        str(repository / "notebooks"),
        str(repository / ".git"),
        "/var",
    ]
    places += ["/etc/passwd", "/etc/shadow", "/proc/1/root/var", os.path.expanduser("~/.ssh")]
    code = f"import json, os; print(json.dumps([p for p in {places!r} if os.path.exists(p)]))"
    done = inside(code, tmp_path)
    visible = json.loads(done.stdout)
    assert [place for place in visible if place != str(tmp_path)] == []  # its parent holds the sockets


@needs_bubblewrap
def test_the_environment_is_not_passed_on(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "abc")
    done = inside("import os; print(sorted(os.environ), os.environ['HOME'])", tmp_path)
    assert "SECRET_TOKEN" not in done.stdout and sandbox.HOME in done.stdout


@needs_bubblewrap
def test_there_is_no_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = inside(f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)", tmp_path)
    assert done.returncode != 0 and "ConnectionRefusedError" in done.stderr


@needs_bubblewrap
def test_only_temporary_files_can_be_written(tmp_path):
    passing = "/tmp/written-by-a-submission"
    places = [
        "/usr/x",
        f"{sys.prefix}/x",
        sandbox.__file__,
        "/x",
        "/dev/x",
        "/proc/x",
        f"{sandbox.HOME}/x",
        passing,
        "x",
    ]
    code = (
        f"for place in {places!r}:\n"
        "    try:\n"
        "        open(place, 'a').close(); print('wrote', place)\n"
        "    except OSError: pass\n"
    )
    before = Path(sandbox.__file__).read_bytes()
    done = inside(code, tmp_path)
    wrote = [line.split()[1] for line in done.stdout.splitlines()]
    assert [place for place in wrote if not place.startswith("/tmp/") and place != "x"] == []
    assert {passing, "x"} <= set(wrote)
    assert Path(sandbox.__file__).read_bytes() == before and not Path("/x").exists() and not Path(passing).exists()


@needs_bubblewrap
def test_files_handed_in_can_be_read_there(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "table.csv").write_text("1,2")
    (work / "A1.ipynb").write_text("{}")
    (work / "sneaky").symlink_to("/etc/shadow")
    done = inside("import os; print(sorted(os.listdir('.')), open('table.csv').read())", tmp_path, work)
    assert done.stdout.strip() == "['table.csv'] 1,2"


@needs_bubblewrap
def test_the_package_and_its_libraries_are_there(tmp_path):
    """The package is the one that grades, also where another clone is installed."""
    code = "import ipykernel, diffusion_lessons.checks.portable.values as found; print(found.__file__)"
    done = run(sandboxed([sys.executable, "-c", code], Limits(), writable=tmp_path))
    assert done.stdout.strip() == str(Path(sandbox.PACKAGE) / "checks/portable/values.py"), done.stderr


def test_a_bubblewrap_that_cannot_start_is_none(monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert sandbox.bubblewrap.__wrapped__() is None
    monkeypatch.setenv("PATH", "")
    assert sandbox.bubblewrap.__wrapped__() is None


@needs_bubblewrap
def test_with_the_stub_nothing_that_solves_the_exercises_is_there(tmp_path):
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "limits.py").write_text((sandbox.HERE / "limits.py").read_text())
    listed = f"[os.listdir(f) if os.path.exists(f) else [] for f in {sandbox.solving()!r}]"
    code = f"import json, os; print(json.dumps({listed}))"
    done = run(sandboxed(python(code), Limits(), stub=stub))
    assert sandbox.PACKAGE in sandbox.solving()
    assert json.loads(done.stdout) == [[]] * len(sandbox.solving()), done.stderr


@needs_bubblewrap
@pytest.mark.parametrize("stubbed", [False, True])
def test_every_place_that_can_be_written_is_small(tmp_path, stubbed):
    """A file system in memory without a size would take half of this machine's."""
    stub = tmp_path / "stub"
    stub.mkdir()
    (stub / "limits.py").write_text((sandbox.HERE / "limits.py").read_text())
    code = (
        "import json, os\n"
        "found = {}\n"
        "for line in open('/proc/self/mounts'):\n"
        "    place, options = line.split()[1], line.split()[3].split(',')\n"
        "    if 'rw' in options and os.access(place, os.W_OK):\n"
        "        found[place] = os.statvfs(place).f_blocks * os.statvfs(place).f_frsize\n"
        "print(json.dumps(found))\n"
    )
    done = run(sandboxed(python(code), Limits(), stub=stub if stubbed else None))
    found = {
        place: size for place, size in json.loads(done.stdout).items() if not place.startswith(("/proc", "/dev/pts"))
    }
    sizes = {place: size * 2**20 for place, size in sandbox.SCRATCH.items()}
    assert {place: size for place, size in found.items() if os.path.isdir(place)} == sizes, done.stderr
