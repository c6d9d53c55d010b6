"""TEACHING.md as it is followed: what it tells a teacher to type exists, and what it says of the assignments is so."""

import re

import nbformat
import pytest
from typer.testing import CliRunner

pytest.importorskip("nbgrader")

from diffusion_lessons.classroom import assignments
from diffusion_lessons.cli.classroom import app
from diffusion_lessons.machine import places

TEACHING = (places.assignments().parent / "TEACHING.md").read_text(encoding="utf-8")


def test_every_command_that_it_gives_exists_with_its_options():
    commands = re.findall(r"diffusion-lessons class (\w+)[^\n`']*", TEACHING)
    assert {"new", "release", "collect", "grade", "report", "feedback"} == set(commands)
    for line in re.findall(r"diffusion-lessons class [^\n`']*", TEACHING):
        command, options = line.split()[2], re.findall(r"--[a-z]+", line)
        shown = CliRunner().invoke(app, [command, "--help"]).output
        assert all(option in shown for option in options), line


@pytest.mark.parametrize("name", ["A1", "A2", "A3", "A4", "A5"])
def test_points_and_time_are_those_of_the_assignment(name):
    notebook = assignments.build(name, "secret")
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    tests = sum(cell.metadata.nbgrader.points for cell in graded if cell.cell_type == "code")
    essay = sum(cell.metadata.nbgrader.points for cell in graded if cell.cell_type == "markdown")
    minutes = re.search(r"\*\*Time\*\* about (\d+) minutes", nbformat.writes(notebook))[1]
    assert f"### {name}: " in TEACHING and f"({minutes} minutes, {tests} + {essay} points)" in TEACHING
