"""tools/setup.sh and the Makefile, driven by stub interpreters: no download, no real environment."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# A Python that answers what setup.sh asks: its version, whether it has venv, `-m venv`, `-m pip`.
STUB = """#!/bin/sh
case "$*" in
    *sys.exit*) exit {too_old} ;;
    *sys.version_info*) echo {version} ;;
    *ensurepip*) exit {no_venv} ;;
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*) echo "$*" >>pip.log; exit {pip_fails} ;;
esac
"""


@pytest.fixture
def project(tmp_path):
    """A copy of what set-up reads, in a folder whose name holds a space."""
    project = tmp_path / "my project"
    (project / "tools").mkdir(parents=True)
    for name in ["Makefile", "constraints.txt", "pyproject.toml", "tools/setup.sh"]:
        shutil.copy(ROOT / name, project / name)
    return project


def stub(project, name="python-stub", version="3.12", too_old=0, no_venv=0, pip_fails=0):
    path = project / name
    path.write_text(STUB.format(version=version, too_old=too_old, no_venv=no_venv, pip_fails=pip_fails))
    path.chmod(0o755)
    return f"./{name}"


def outside_make():
    """The environment without what a `make test` around us put there, `PYTHON=` among it."""
    return {k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"}}


def set_up(project, python="", **environment):
    """`make setup`; returns its exit status, its output and how often pip installed so far."""
    run = subprocess.run(
        ["make", "setup", f"PYTHON={python}"],
        cwd=project,
        env=outside_make() | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    log = project / "pip.log"
    installs = len(log.read_text().splitlines()) if log.exists() else 0
    return run.returncode, run.stdout + run.stderr, installs


def test_installs_once_then_does_nothing(project):
    python = stub(project)
    status, output, installs = set_up(project, python)
    assert (status, installs) == (0, 1), output
    assert "--constraint constraints.txt" in (project / "pip.log").read_text()

    for again in [python, ""]:  # PYTHON= is needed only the first time
        status, output, installs = set_up(project, again)
        assert (status, output, installs) == (0, "", 1)


@pytest.mark.parametrize("changed", ["constraints.txt", "pyproject.toml"])
def test_installs_again_when_the_pins_change(project, changed):
    set_up(project, stub(project))
    with open(project / changed, "a") as file:
        file.write("# changed\n")
    assert set_up(project)[2] == 2


def test_a_moved_clone_is_installed_again(project):
    set_up(project, stub(project))
    moved = project.rename(project.with_name("moved"))
    assert set_up(moved)[2] == 2


def test_a_failed_install_is_taken_up_by_the_next_run(project):
    status, output, _ = set_up(project, stub(project, pip_fails=1))
    assert status != 0
    assert "run the same command to go on" in output
    assert set_up(project)[2] == 2


def test_another_python_by_name_replaces_the_environment(project):
    set_up(project, stub(project))
    status, _, installs = set_up(project, stub(project, "newer", version="3.13"))
    assert (status, installs) == (0, 2)
    assert "3.13" in (project / ".venv/bin/python").read_text()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"version": "3.9", "too_old": 1}, "Python 3.11 or newer is needed and './python-stub' is 3.9"),
        ({"no_venv": 1}, "sudo apt install python3.12-venv"),
    ],
)
def test_a_machine_that_cannot_gets_one_clear_line(project, fault, expected):
    status, output, installs = set_up(project, stub(project, **fault))
    assert status != 0
    assert installs == 0
    assert expected in output
    assert len([line for line in output.splitlines() if not line.startswith("make: ***")]) == 1
    assert not (project / ".venv").exists()


def test_an_interpreter_that_is_not_there(project):
    status, output, _ = set_up(project, "python-nowhere")
    assert status != 0
    assert "'python-nowhere' does not run" in output


def test_a_full_disk_is_said_before_anything_is_written(project):
    fake = project / "fake"
    fake.mkdir()
    (fake / "df").write_text('#!/bin/sh\necho "Filesystem Blocks Used Available"\necho "disk 1 1 3145728"\n')
    (fake / "df").chmod(0o755)
    status, output, _ = set_up(project, stub(project), PATH=f"{fake}{os.pathsep}{os.environ['PATH']}")
    assert status != 0
    assert "GB of disk are needed here and 3 GB are free" in output
    assert not (project / ".venv").exists()


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.M).group(1).split()
    assert set(targets) == set(re.findall(r"^([a-z-]+):", makefile, re.M))
    shown = subprocess.run(["make", "help"], cwd=ROOT, env=outside_make(), capture_output=True, text=True)
    assert re.findall(r"^  make (\S+) +\S", shown.stdout, re.M) == targets


def test_continuous_integration_runs_the_readmes_own_command():
    assert re.search(r"^exec make test\b", (ROOT / ".ci/run").read_text(), re.M)
    assert "bash .ci/run" in (ROOT / ".github/workflows/test.yml").read_text()
    assert "make test" in (ROOT / "README.md").read_text()
