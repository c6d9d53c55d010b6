"""What the tests of a course share: the command line, and a new course folder."""

import pytest
from typer.testing import CliRunner


@pytest.fixture
def run():
    """run("new", folder): `diffusion-lessons class new folder`, with its exit code and output."""
    from diffusion_lessons.cli.classroom import app

    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def folder(tmp_path):
    pytest.importorskip("nbgrader")
    from diffusion_lessons.classroom import course

    course.new(tmp_path / "course")
    return tmp_path / "course"
