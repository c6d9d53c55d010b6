"""The README is run: its code, its links, its commands and its course map."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import lesson_picture
import pytest
import torch
import typer
from PIL import Image

from diffusion_lessons import samplers
from diffusion_lessons.cli import app, main
from diffusion_lessons.machine import places
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
    page = " ".join((ROOT / "CLAIMS.md").read_text().split())
    said = (
        r"Of (\d+) claims .*?(\d+) are undecided, 1 is a fact about products, (\d+) cannot be measured here\."
        r".*? (\d+) of those counted as decided are undecided"
    )
    claims, undecided, beyond, in_part = map(int, re.search(said, page).groups())
    words = (
        f"**{claims}: {claims - 1 - beyond} judged by measurement ({undecided} undecided, {in_part} more in some "
        f"cases), 1 a fact about products, {beyond} not measurable here**"
    )
    assert words in README
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
    shown = commands[name]
    if words and (inner := getattr(shown, "commands", {}).get(words[0])):
        shown = inner
    known = {option for parameter in shown.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


LINE = re.compile(r"(?:^|`)((?:\.venv/bin/)?diffusion-lessons [^`#\n]+|python -m (?:claims|website)[^`#\n]*)", re.M)
COMMANDS = sorted({found.strip().removeprefix(".venv/bin/") for found in LINE.findall(README)})
NOT_QUICK = {  # the beginning of a command, and why it is not run here
    "diffusion-lessons train": "trains",
    "diffusion-lessons distil": "trains",
    "diffusion-lessons data mnist": "downloads",
    "diffusion-lessons evaluate": "draws and judges thousands of samples",
    "diffusion-lessons probe": "needs the training images of MNIST",
    "diffusion-lessons benchmark": "measures tables",
    "diffusion-lessons optimise": "measures a network beside its parent",
    "diffusion-lessons class release": "needs a course: tests/classroom leads one from release to feedback",
    "diffusion-lessons class grade": "needs a course: tests/classroom leads one from release to feedback",
    "python -m claims": "measures claims",
}


def quick(command: str) -> bool:
    return not command.startswith(tuple(NOT_QUICK))


def test_the_readme_has_quick_commands_and_none_is_left_out_in_silence():
    assert len([*filter(quick, COMMANDS)]) >= 12
    assert all(any(command.startswith(one) for command in COMMANDS) for one in NOT_QUICK), "no longer in the README"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to type in, with the networks that the training lines leave behind, and a home with photos."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DIFFUSION_LESSONS_DATA", str(tmp_path / "datasets"))
    for name, shipped in {"mnist-diffusion": "mnist-diffusion", "photos-diffusion": "digits-diffusion"}.items():
        place = tmp_path / "runs" / name
        place.mkdir(parents=True)
        for kind in ("safetensors", "json"):
            shutil.copy(places.checkpoints() / f"{shipped}.{kind}", place / f"{name}.{kind}")
    (tmp_path / "home/photos").mkdir(parents=True)
    pixels = torch.randint(256, (12, 40, 50, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    for number, image in enumerate(pixels.numpy()):
        Image.fromarray(image).save(tmp_path / f"home/photos/{number}.png")
    return tmp_path


@pytest.mark.parametrize("command", [*filter(quick, COMMANDS)])
def test_a_quick_command_runs_as_written(command, folder, monkeypatch, capsys):
    words = shlex.split(command)
    assert words[0] == "diffusion-lessons"
    monkeypatch.setattr(sys, "argv", [str(Path(word).expanduser()) for word in words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code in (0, None), said.err
    assert said.out.strip(), "it says nothing"
    if "--out" in words:
        assert Image.open(folder / words[words.index("--out") + 1]).width >= 28


def test_the_published_figure_is_that_of_lesson_14_and_its_numbers_are_in_it():
    assert lesson_picture.FILE.read_bytes() == lesson_picture.picture()
    with pytest.raises(ValueError, match="has 0 pictures"):
        lesson_picture.picture(alt="A picture that nobody drew")
    printed = (LESSONS / "14_cifar10.ipynb").read_text()
    published, ours = re.search(r"Their DDIM is ([\d.]+) times as far .* ours is ([\d.]+)", README, re.S).groups()
    assert f"Published: FID, DDIM: 10 steps {published}" in printed
    assert f"Ours: their settings, DDIM: 10 steps {ours}" in printed
