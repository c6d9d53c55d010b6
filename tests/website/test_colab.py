"""Lessons in Google Colab: the badge, the set-up cell, and that installing the course leaves Colab's versions alone."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import nbformat
import pip
import pytest
from packaging.requirements import Requirement

from website import colab
from website.links import LESSONS, ROOT

NAMES = [path.stem for path in sorted((ROOT / LESSONS).glob("[0-9][0-9]*.ipynb"))]
PYPROJECT = ROOT / "pyproject.toml"
PROJECT = tomllib.loads(PYPROJECT.read_text())["project"]
# Of pip-freeze.txt in github.com/googlecolab/backend-info, 19 August 2026.
COLAB = {
    "filelock": "3.32.3",
    "matplotlib": "3.10.0",
    "numpy": "2.1.3",
    "pandas": "2.2.3",
    "pillow": "11.3.0",
    "safetensors": "0.8.0",
    "scikit-learn": "1.6.1",
    "scipy": "1.16.3",
    "torch": "2.11.0",
    "torchvision": "0.26.0",
    "tqdm": "4.67.3",
    "typer": "0.27.1",
}
LACKED = ("uncertainties",)  # of what the course needs
LATER = "99.0"


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_has_badge_and_set_up_behind_its_opening(name):
    stored = nbformat.read(ROOT / LESSONS / f"{name}.ipynb", as_version=4)
    badge, set_up = stored.cells[1:3]
    expected = colab.cells(name)
    assert (badge.source, badge.attachments) == (expected[0].source, expected[0].attachments)
    assert f"/blob/main/notebooks/lessons/{name}.ipynb)" in badge.source
    assert set_up.source == expected[1].source and set_up.outputs == []
    assert [cell.id for cell in filter(colab.of_colab, stored.cells)] == ["colab-badge", "colab-set-up"]


def run_set_up(monkeypatch) -> list[list[str]]:
    """The commands that the set-up cell runs."""
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, check: commands.append(command))
    exec(colab.cells("04_ddim")[1].source, {})
    return commands


def test_the_set_up_cell_does_nothing_where_the_course_is_installed(monkeypatch):
    assert run_set_up(monkeypatch) == []


def test_the_set_up_cell_installs_the_library_without_jupyterlab(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    [(*command, course)] = run_set_up(monkeypatch)
    assert command[1:] == ["-m", "pip", "install", "--quiet"]
    asked = Requirement(course)
    assert asked.name == PROJECT["name"] and not asked.extras and colab.repository() in asked.url


def distribution(folder: Path, name: str, version: str, *needs: str) -> Path:
    """What an installer reads of a package that is there: its name, version and requirements, and no code."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    needed = "".join(f"Requires-Dist: {one}\n" for one in needs)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}")
    (about / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (about / "INSTALLER").write_text("pip\n")
    (about / "RECORD").touch()
    return about


@pytest.fixture
def resolved(wheel_file, tmp_path):
    """resolved(there) -> what pip would install, by name, to bring the wheel into an environment with `there` alone.

    Of each of these packages a later version is offered, so that pip could move it; and those that are not there.
    """
    installed, offered = tmp_path / "installed", tmp_path / "offered"
    installed.mkdir()
    offered.mkdir()
    (installed / "pip").symlink_to(Path(pip.__file__).parent, target_is_directory=True)

    def offer(name: str, version: str, *needs: str) -> None:
        about = distribution(tmp_path / "sources", name, version, *needs)
        with zipfile.ZipFile(offered / f"{about.stem}-py3-none-any.whl", "w") as wheel:
            for file in about.iterdir():
                wheel.write(file, f"{about.name}/{file.name}")

    def resolve(there: dict[str, str]) -> dict[str, str]:
        for name, version in there.items():
            pinned = name == "torchvision"  # each of its versions needs one of torch
            distribution(installed, name, version, *[f"torch=={there['torch']}"] * pinned)
            offer(name, LATER, *[f"torch=={LATER}"] * pinned)
        for name in LACKED:
            offer(name, metadata.version(name), *(metadata.requires(name) or []))
        python = [sys.executable, "-S", "-m", "pip"]  # -S: the packages of this environment are not seen
        install = ["install", "--dry-run", "--quiet", "--no-index", "--find-links", str(offered), "--report", "-"]
        done = subprocess.run(
            [*python, *install, str(wheel_file)],
            cwd=tmp_path,
            env={"PYTHONPATH": str(installed), "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        found = [one["metadata"] for one in json.loads(done.stdout)["install"]]
        return {one["name"]: one["version"] for one in found}

    return resolve


ANEW = {PROJECT["name"]: PROJECT["version"]} | {name: metadata.version(name) for name in LACKED}


@pytest.mark.slow  # builds the wheel
@pytest.mark.parametrize(("torch", "torchvision"), [("2.6.0", "0.21.0"), ("2.11.0", "0.26.0"), ("2.15.0", "0.29.2")])
def test_installing_leaves_what_colab_has_as_it_is(resolved, torch, torchvision):
    assert resolved({**COLAB, "torch": torch, "torchvision": torchvision}) == ANEW


@pytest.mark.slow
def test_what_is_too_old_for_the_course_would_be_replaced(resolved):
    """So the test above would see an installer move something."""
    would = resolved({**COLAB, "torch": "2.5.0", "torchvision": "0.20.0"})
    assert would == ANEW | {"torch": LATER, "torchvision": LATER}


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A project with one lesson, which may be published elsewhere."""
    for file in ("pyproject.toml", f"{LESSONS}/01_noise.ipynb"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    monkeypatch.setattr(colab, "ROOT", tmp_path)
    monkeypatch.setattr(colab, "PROJECT", tmp_path / "pyproject.toml")
    return tmp_path


def test_publishing_writes_the_address_everywhere_and_nothing_else(copy, capsys):
    lesson = copy / LESSONS / "01_noise.ipynb"
    before = nbformat.read(lesson, as_version=4)
    was = colab.repository()
    colab.main(["somebody/a-course"])
    assert "from https://github.com/somebody/a-course" in capsys.readouterr().out
    after = nbformat.read(lesson, as_version=4)
    assert colab.repository() == "somebody/a-course" and was not in lesson.read_text()
    assert "github/somebody/a-course/blob" in after.cells[1].source
    assert [after.cells[0], *after.cells[3:]] == [before.cells[0], *before.cells[3:]]
    lines = [file.read_text().splitlines() for file in (copy / "pyproject.toml", PYPROJECT)]
    unlike = [new for new, old in zip(*lines, strict=True) if new != old]
    assert unlike == ['Source = "https://github.com/somebody/a-course"']


@pytest.mark.parametrize("typed", ["course", "https://github.com/a/b", "-a/b", "a/b/c", "not.published.yet/course"])
def test_what_is_no_repository_is_refused_and_changes_nothing(copy, capsys, typed):
    before = (copy / "pyproject.toml").read_bytes()
    with pytest.raises(SystemExit):
        colab.main(["--", typed])
    assert "write OWNER/NAME" in capsys.readouterr().err
    assert (copy / "pyproject.toml").read_bytes() == before


def test_where_it_is_published_the_lessons_say_so():
    """On GitHub itself: the address in the lessons is that of the repository which runs this."""
    here = os.environ.get("GITHUB_REPOSITORY")
    event = Path(os.environ.get("GITHUB_EVENT_PATH", "nowhere"))
    if not here or (event.is_file() and json.loads(event.read_text()).get("repository", {}).get("fork")):
        pytest.skip("not where the course is published")
    assert colab.repository() == here, f"run python -m website.colab {here}, and commit what it writes"


def test_a_page_shows_the_badge_and_not_the_set_up(tmp_path):
    from website.lessons import write_lesson
    from website.links import Site

    write_lesson(Site(tmp_path), "01_noise")
    page = (tmp_path / "lessons/01_noise.md").read_text()
    assert colab.badge("01_noise", "../_static/colab.png") in page
    assert "subprocess" not in page and "attachment:" not in page and len(re.findall("colab.png", page)) == 1
