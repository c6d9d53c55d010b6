"""JupyterLab is started in the folder of the lessons; what is missing is said in one line."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from diffusion_lessons.commands.lab import FIRST_LESSON, open_lab


def test_the_first_lesson_is_opened_where_it_is_there(tmp_path, monkeypatch):
    commands = []

    def run(command):
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
