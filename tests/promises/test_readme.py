"""The README is run: its code, its links, its commands and its course map."""

import json
import re
from pathlib import Path

import pytest
import typer
from PIL import Image

from diffusion_lessons import samplers
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


def test_what_it_says_of_itself_is_so():
    """The numbers of the first screen and of the comparison, counted anew."""
    budgets = json.loads((ROOT / "notebooks/budgets.json").read_text()).values()
    minutes, longest = sum(one["seconds"] for one in budgets) / 60, max(one["seconds"] for one in budgets)
    said = re.search(
        r"The (\d+) lessons need (\d+) minutes .*?longest (\d+) seconds, and at most ([\d.]+) GB", README, re.S
    )
    assert int(said[1]) == len(budgets) == len(list(LESSONS.glob("*.ipynb")))
    assert float(said[2]) == pytest.approx(minutes, rel=0.25) and float(said[3]) == pytest.approx(longest, rel=0.25)
    assert float(said[4]) == pytest.approx(max(one["memory_mb"] for one in budgets) / 1024, rel=0.25)
    assert f"**{len(samplers.ALL)}, with orders measured" in README and f"{len(samplers.ALL)} functions" in README
    claims = re.search(r"^Of (\d+) claims", (ROOT / "CLAIMS.md").read_text(), re.M)[1]
    assert f"**{claims}, each measured" in README
    weights = sum(file.stat().st_size for file in (ROOT / "diffusion_lessons/checkpoints").glob("*.safetensors"))
    assert int(re.search(r"(\d+) of them trained networks", README)[1]) == pytest.approx(weights / 1e6, rel=0.1)


def test_its_picture_moves_and_is_small():
    file = ROOT / re.search(r"\((docs/images/[\w.]+)\)\n\n```\nmake tour", README)[1]
    assert file.stat().st_size < 600_000
    assert Image.open(file).n_frames > 10


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
