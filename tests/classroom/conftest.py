"""What the tests of a course share: the command line, and course folders, made once and copied."""

import shutil

import pytest
from typer.testing import CliRunner


@pytest.fixture
def run():
    """run("new", folder): `diffusion-lessons class new folder`, with its exit code and output."""
    from diffusion_lessons.cli.classroom import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A new course folder, and one in which A1 was handed out."""
    pytest.importorskip("nbgrader")
    from diffusion_lessons.classroom import course

    root = tmp_path_factory.mktemp("courses")
    course.new(root / "new")
    shutil.copytree(root / "new", root / "released")
    course.release(root / "released", "A1")
    return root


@pytest.fixture
def folder(made, tmp_path):
    return shutil.copytree(made / "new", tmp_path / "course")


@pytest.fixture
def released(made, tmp_path):
    return shutil.copytree(made / "released", tmp_path / "course")
