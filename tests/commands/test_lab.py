"""Opening the lessons: what is missing is said in one line."""

import sys

import pytest

from diffusion_lessons.cli.look import lab


def test_without_jupyterlab_one_line_says_which_extra_brings_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    with pytest.raises(ImportError, match=r'^the lessons need JupyterLab: pip install "diffusion-lessons\[lab\]"$'):
        lab(None, tmp_path)


def test_without_the_lessons_folder_a_clone_is_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="run this in a clone of the course, or give --folder"):
        lab(None, tmp_path / "nowhere")
