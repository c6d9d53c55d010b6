"""A solution is shown after an attempt, and not where a class keeps it back."""

import pytest

from diffusion_lessons.checks import check, solutions
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


def test_an_exercise_without_a_function_says_what_it_asks():
    assert repr(check("guide")).startswith("guide(eps_uncond, eps_cond, scale): The guided noise")
