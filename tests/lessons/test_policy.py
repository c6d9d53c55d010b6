"""The check of the lessons can fail: stored outputs are changed, and nbval must notice what matters and only that."""

import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from build_notebooks import run
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).parents[2]
CELLS = {
    "number": 'print(f"the loss is {1 / 8 + 1e-4:.4f} after 162 steps")',
    "value": '{"mean": 0.25, "share": -0.0625}',
    "trained": 'print(f"distance {0.80:.2f} after 3 epochs")',
    "absolute": 'print(f"distance {0.02:.2f}")',
    "silent": "_ = 'a trailing semicolon'\n_;",
    "offline": """import socket
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except ConnectionRefusedError as error:
    print(error)
with socket.create_server(("127.0.0.1", 0)) as server:
    print("this machine answers", socket.create_connection(server.getsockname()).close() or "itself")
""",
}
TAGS = {"trained": ["within-5%"], "absolute": ["within-0.05"]}
CHANGES = {  # name -> (cell, text, its replacement, whether the check must fail)
    "as_stored": ("number", "", "", False),
    "loss_by_half_a_thousandth": ("number", "0.1251", "0.12516", False),
    "loss_by_two_percent": ("number", "0.1251", "0.1276", True),
    "whole_number": ("number", "162", "163", True),
    "word": ("number", "loss", "mean", True),
    "value_by_a_tenth_of_a_thousandth": ("value", "0.0625", "0.062503", False),
    "value_by_two_percent": ("value", "0.0625", "0.0638", True),
    "sign": ("value", "-0.0625", "0.0625", True),
    "two_digits": ("value", "0.25", "0.26", True),
    "trained_by_four_percent": ("trained", "0.80", "0.83", False),
    "trained_by_ten_percent": ("trained", "0.80", "0.88", True),
    "trained_whole_number": ("trained", "3 epochs", "4 epochs", True),
    "absolute_within": ("absolute", "0.02", "-0.02", False),
    "absolute_beyond": ("absolute", "0.02", "0.09", True),
    "output_removed": ("number", None, None, True),
}


def nbval(folder: Path) -> subprocess.CompletedProcess:
    """Check the notebooks of a folder as `make test` checks the lessons."""
    options = [
        "-p",
        "nbval",
        "-p",
        "tests.lessons.policy",
        "-p",
        "no:cacheprovider",
        "-q",
        "-rA",
        "--rootdir",
        folder,
    ]
    command = [sys.executable, "-m", "pytest", *options, folder]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """A tiny lesson, run and stored as lessons are."""
    from lesson_files import set_surroundings

    cells = [new_code_cell(source, metadata={"tags": TAGS.get(name, [])}) for name, source in CELLS.items()]
    notebook = new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", os.environ.copy())
        set_surroundings()
        cost = run(notebook, tmp_path_factory.mktemp("lesson"))
    assert 0 < cost["seconds"] < 60 and 20 < cost["memory_mb"] < 2000 and cost["download_mb"] == 0
    return notebook


def changed(notebook, cell: str, old: str | None, new: str | None):
    notebook = copy.deepcopy(notebook)
    target = notebook.cells[list(CELLS).index(cell)]
    if old is None:
        target.outputs = []
        return notebook
    output = target.outputs[0]
    holder, key = (output, "text") if "text" in output else (output.data, "text/plain")
    assert old in holder[key]
    holder[key] = holder[key].replace(old, new, 1)
    return notebook


@pytest.fixture(scope="module")
def outcome(lesson, tmp_path_factory):
    """Name of a change -> whether nbval failed, for all changes in one run."""
    folder = tmp_path_factory.mktemp("changed")
    for name, (cell, old, new, _) in CHANGES.items():
        nbformat.write(changed(lesson, cell, old, new), folder / f"{name}.ipynb")
    result = nbval(folder)
    cells = re.findall(r"^(PASSED|FAILED|ERROR) .*?(\w+)\.ipynb", result.stdout, re.M)
    assert {name for _, name in cells} == set(CHANGES), result.stdout + result.stderr
    return {name: any(verdict != "PASSED" for verdict, of in cells if of == name) for name in CHANGES}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_claim_fails_and_rounding_does_not(outcome, name):
    assert outcome[name] == CHANGES[name][-1]


def test_the_lesson_stayed_offline(lesson):
    text = lesson.cells[list(CELLS).index("offline")].outputs[0].text
    assert "offline: a lesson may not connect to '192.0.2.1'" in text and "this machine answers itself" in text


def test_a_notebook_that_was_never_run_is_refused(lesson, tmp_path):
    empty = copy.deepcopy(lesson)
    for cell in empty.cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(empty, tmp_path / "empty.ipynb")
    result = nbval(tmp_path)
    assert result.returncode == pytest.ExitCode.USAGE_ERROR
    assert "without having been run" in result.stdout + result.stderr


def test_a_tag_that_is_no_tolerance_is_refused():
    from tests.lessons.policy import ROUNDING, tolerance

    assert tolerance(["panel"]) == ROUNDING
    with pytest.raises(pytest.UsageError, match="'within-a-bit' is no tolerance"):
        tolerance(["within-a-bit"])
