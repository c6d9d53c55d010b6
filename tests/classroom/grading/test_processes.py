"""Processes that hang, die, leave others behind or lose their parent: all are told of, and none is left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom.grading.processes import outcomes
from diffusion_lessons.classroom.sandbox import sandbox

LONG = "import time; time.sleep(600)"
PATIENCE = 120  # seconds, far more than it takes


def note(folder, name, pid):
    (Path(folder) / name).write_text(str(pid))


def work(folder, task):
    """One task of each kind; writes down whom it started, and where its temporary files were."""
    note(folder, f"{task}.pid", os.getpid())
    (Path(folder) / f"{task}.files").write_text(sandbox.TEMPORARY)
    if task in ("hangs", "detached"):
        child = subprocess.Popen([sys.executable, "-c", LONG], start_new_session=True)
        note(folder, f"{task}-child.pid", child.pid)
    if task == "detached":  # a grandchild whose own parent is gone
        orphan = f"subprocess.Popen([sys.executable, '-c', {LONG!r}], stdout=subprocess.DEVNULL)"
        code = f"import subprocess, sys; print({orphan}.pid)"
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
        note(folder, "detached-orphan.pid", int(done.stdout))
    if task == "hangs":
        time.sleep(600)
    if task == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "raises":
        raise ValueError("of no use")
    return task.upper()


def pids(folder):
    return {path.stem: int(path.read_text()) for path in Path(folder).glob("*.pid")}


def left(folder):
    """Those of the processes that are still there."""
    return {name for name, pid in pids(folder).items() if is_there(pid)}


def is_there(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(condition):
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def test_every_task_has_an_outcome_and_nothing_is_left(tmp_path):
    tasks = ["hangs", "fine", "dies", "raises", "detached"]
    list(outcomes(work, (str(tmp_path),), ["first"], workers=1, seconds=600))  # imports what takes time
    told = {outcome.task: outcome for outcome in outcomes(work, (str(tmp_path),), tasks, workers=2, seconds=20)}
    assert {name: outcome.value for name, outcome in told.items()} == {
        "hangs": None,
        "fine": "FINE",
        "dies": None,
        "raises": None,
        "detached": "DETACHED",
    }
    assert told["hangs"].trouble == "it was ended after 20 s"
    assert "(-9)" in told["dies"].trouble and told["raises"].trouble == "ValueError: of no use"
    assert {"hangs-child", "detached-child", "detached-orphan"} <= pids(tmp_path).keys()
    if sys.platform.startswith("linux"):
        assert left(tmp_path) == set()
    for path in tmp_path.glob("*.files"):
        assert Path(path.read_text()).name.startswith("grading-") and not Path(path.read_text()).exists()


def test_who_stops_asking_ends_them(tmp_path):
    asked = outcomes(work, (str(tmp_path),), ["fine", "hangs"], workers=2, seconds=600)
    assert next(asked).value == "FINE"
    assert until(lambda: "hangs-child" in pids(tmp_path))
    asked.close()
    assert left(tmp_path) == set()


def test_they_end_with_their_parent(tmp_path):
    code = (
        "from diffusion_lessons.classroom.grading.processes import outcomes\n"
        "from tests.classroom.grading.test_processes import work\n"
        f"list(outcomes(work, ({str(tmp_path)!r},), ['hangs'], workers=1, seconds=600))"
    )
    script = tmp_path / "parent.py"
    script.write_text(f"if __name__ == '__main__':\n    {code.replace(chr(10), chr(10) + '    ')}\n")
    root = str(Path(__file__).parents[3])
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": root}, cwd=root)
    assert until(lambda: "hangs-child" in pids(tmp_path))
    files = Path((tmp_path / "hangs.files").read_text())
    assert files.exists() and len(left(tmp_path)) == 2
    parent.kill()
    parent.wait()
    assert until(lambda: not left(tmp_path)) and until(lambda: not files.exists())
