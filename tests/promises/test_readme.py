"""The README is run: its code, its links, its commands and its course map."""

import re
from pathlib import Path

import pytest
import typer
from PIL import Image

from diffusion_lessons.cli import app
from diffusion_lessons.pipelines.configs import why_no_pipelines

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LESSONS = ROOT / "notebooks/lessons"


EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)


def test_library_example_runs_and_more_steps_are_closer(capsys):
    example, _ = EXAMPLES
    exec(compile(example, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    errors = [float(re.search(r"[\d.e-]+$", line).group()) for line in lines]
    assert len(errors) >= 3
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 5


@pytest.mark.skipif(bool(why_no_pipelines()), reason=why_no_pipelines())
def test_the_example_in_production_draws_a_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(EXAMPLES[1], "README.md", "exec"), {})
    assert Image.open(tmp_path / "seven.png").size == (32, 32)


def test_course_map_links_exactly_the_lessons_that_are_there():
    linked = set(re.findall(r"\(notebooks/lessons/([\w-]+\.ipynb)\)", README))
    assert linked == {path.name for path in LESSONS.glob("*.ipynb")}


def test_course_map_is_in_order():
    numbers = re.findall(r"^\| \[?(\d\d[a-z]?) ", README, re.M)  # 05, and 05b after it
    whole = [int(number) for number in numbers if number.isdigit()]
    assert numbers == sorted(numbers) and whole == list(range(len(whole)))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_local_links_lead_somewhere(link):
    assert (ROOT / link).exists(), f"README.md links to {link}, which is not there"


def test_named_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"`make ([a-z-]+)", README)) | set(re.findall(r"^make ([a-z-]+)", README, re.M))
    assert {"tour", "test"} <= named <= targets


@pytest.mark.parametrize("line", re.findall(r"(?:diffusion-|-m diffusion_)lessons ([a-z]+[^#`\n]*)", README))
def test_shown_commands_have_these_options(line):
    name, *words = line.split()
    commands = typer.main.get_command(app).commands
    assert name in commands, f"README.md shows `diffusion-lessons {line}`"
    known = {option for parameter in commands[name].params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known
