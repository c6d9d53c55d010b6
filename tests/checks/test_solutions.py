"""A solution is shown after an attempt, and not where a class keeps it back."""

import re
import subprocess
import sys

import numpy as np
import pytest
from lesson_files import LESSONS, names, read_built

from diffusion_lessons.checks import check, solutions
from diffusion_lessons.checks.investigations import INVESTIGATIONS
from diffusion_lessons.checks.solutions import SWITCH


@pytest.fixture(autouse=True)
def nothing_tried(monkeypatch):
    monkeypatch.setattr(solutions, "attempted", set())
    monkeypatch.delenv(SWITCH, raising=False)


def stub(x, eps, alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


def test_a_solution_comes_after_an_attempt_however_wrong():
    for untried in (stub, lambda *_: None):
        check("ddim_step", untried)
        with pytest.raises(PermissionError, match='^try it first: check."ddim_step", ...'):
            check("ddim_step").solution()
    check("ddim_step", lambda x, eps, alpha_bar_t, alpha_bar_s: x)
    shown = check("ddim_step").solution()
    space = {}
    exec(repr(shown), space)
    assert check("ddim_step", space["ddim_step"]).passed
    assert "<pre>" in shown._repr_html_() and "alpha_bar_s**0.5 * x0" in shown._repr_html_()
    with pytest.raises(PermissionError, match="try it first"):
        check("heun_step").solution()


def test_a_class_keeps_it_back(monkeypatch):
    check("guide", lambda uncond, cond, scale: cond)
    monkeypatch.setenv(SWITCH, "off")
    with pytest.raises(PermissionError, match="the solution of guide is kept back here: ask your teacher"):
        check("guide").solution()


def test_one_to_investigate_is_shown_for_what_was_found(monkeypatch):
    question = check("ten_ddim_times")
    assert repr(question) == "ten_ddim_times: to investigate, at the end of lesson 04"
    for nothing in ((), (None,), ("",), (...,)):
        with pytest.raises(PermissionError, match="^try it first: .*solution.what you found. shows one answer$"):
            question.solution(*nothing)
    for found in (0.061, np.array([1000, 500, 0])):
        assert "[1000, 592, 467" in repr(question.solution(found))
    with pytest.raises(ValueError, match="^ten_ddim_times has no check: .*solution.what you found. shows one answer"):
        check("ten_ddim_times", [1000, 500, 0])
    monkeypatch.setenv(SWITCH, "off")
    with pytest.raises(PermissionError, match="the solution of ten_ddim_times is kept back here: ask your teacher"):
        question.solution(0.061)


@pytest.mark.parametrize("name", INVESTIGATIONS)
def test_every_answer_names_its_lesson(name):
    assert re.match(r"Lesson \d\d[a-z]?: \S", INVESTIGATIONS[name].__doc__)
    assert check(name).solution("found").code.startswith(f"def {name}(")


def printed_from(name: str, lesson: str) -> list[str]:
    """The numbers in what the lesson says and prints from the exercise of this name on."""
    cells = read_built(LESSONS / f"{names([lesson])[0]}.ipynb").cells
    first = next(k for k, cell in enumerate(cells) if f'check("{name}")' in cell.source)
    said = [cell.source for cell in cells[first:] if cell.cell_type == "markdown"]
    said += [output.get("text", "") for cell in cells[first:] for output in cell.get("outputs", [])]
    return re.findall(r"\d+(?:\.\d+)?", " ".join(said).replace(",", ""))


def test_an_answer_compares_itself_with_what_its_exercise_prints():
    """Each "..., not 0.022" of an answer is a number that learners see there."""
    compared = 0
    for name, answer in INVESTIGATIONS.items():
        lesson, _, words = answer.__doc__.partition("\n\n")[0].removeprefix("Lesson ").partition(":")
        for number in re.findall(r"\bnot (\d+\.\d+)", words):
            places = len(number.partition(".")[2])
            shown = {f"{float(one):.{places}f}" for one in printed_from(name, lesson)}
            assert number in shown, f"{name} says {number}, and lesson {lesson} does not"
            compared += 1
    assert compared > 10


def test_an_exercise_without_a_function_says_what_it_asks():
    assert repr(check("guide")).startswith("guide(eps_uncond, eps_cond, scale): The guided noise")


def test_checking_reads_no_measurements_and_no_checkpoints():
    """An answer that needs them gets them when it is asked for: the checks are imported wherever answers are graded."""
    code = "import sys, diffusion_lessons.checks; print(*sys.modules, sep='\\n')"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"diffusion_lessons.metrics.features", "diffusion_lessons.checkpoints.cards"} & set(loaded)
