"""JupyterLab is started in the folder of the lessons; what is missing is said in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from diffusion_lessons.checks.solutions import SWITCH
from diffusion_lessons.commands import saved_notebooks
from diffusion_lessons.commands.lab import FIRST_LESSON, open_lab


def test_the_first_lesson_is_opened_where_it_is_there(tmp_path, monkeypatch):
    commands = []

    def run(command, env):
        commands.append(command)
        return SimpleNamespace(returncode=3)

    monkeypatch.setattr(subprocess, "run", run)
    assert open_lab(tmp_path, ["--no-browser"]) == 3
    (tmp_path / FIRST_LESSON).parent.mkdir()
    (tmp_path / FIRST_LESSON).write_text("{}")
    open_lab(tmp_path)
    plain, lesson = (command[3:] for command in commands)
    assert plain == [f"--ServerApp.root_dir={tmp_path}", "--no-browser"]
    assert lesson == [plain[0], f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}"]


def test_without_jupyterlab_one_line_says_which_extra_brings_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    with pytest.raises(ImportError, match=r'^the lessons need JupyterLab: pip install "diffusion-lessons\[lab\]"$'):
        open_lab(tmp_path)


def test_without_the_lessons_folder_a_clone_is_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="run this in a clone of the course, or give --folder"):
        open_lab(tmp_path / "nowhere")


@pytest.fixture
def settings(monkeypatch):
    """settings(folder, **options) -> the files of settings that Lab is started with, by their path, as JSON."""
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/user")
    found = {}

    def run(command, env):
        first, theirs = env["JUPYTER_CONFIG_PATH"].split(os.pathsep)
        assert theirs == "/of/the/user"
        found["solutions"] = env.get(SWITCH)
        for file in Path(first).rglob("*.json"):
            found[str(file.relative_to(first))] = json.loads(file.read_text())
        return SimpleNamespace(returncode=0)

    def opened(folder, **options):
        monkeypatch.setattr(subprocess, "run", run)
        found.clear()
        open_lab(folder, **options)
        return dict(found)

    return opened


def test_a_learner_sees_no_tools_of_a_teacher(settings, tmp_path):
    disabled = settings(tmp_path)["labconfig/page_config.json"]["disabledExtensions"]
    assert disabled["@jupyter/nbgrader:create-assignment"] and disabled["@jupyter/nbgrader:menu"]
    assert settings(tmp_path)["solutions"] is None
    of_class = settings(tmp_path, for_class=True)
    assert "labconfig/page_config.json" not in of_class and of_class["solutions"] == "off"


@pytest.mark.parametrize("for_class", [False, True])
def test_what_is_saved_is_looked_after_always(settings, tmp_path, for_class):
    server = settings(tmp_path, for_class=for_class)["jupyter_server_config.d/diffusion_lessons.json"]["ServerApp"]
    assert server["jpserver_extensions"] == {saved_notebooks.__name__: True}
