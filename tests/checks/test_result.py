"""A result as people read it: wrapped text in a terminal, coloured HTML in a notebook, both in words."""

import pytest

from diffusion_lessons.checks import EXERCISES, check
from diffusion_lessons.checks.result import COLUMNS, RIGHT, UNWRITTEN, WRONG, NotYetRight

FUNCTIONS = {
    "right": EXERCISES["ddim_step"].solution,
    "wrong": lambda x, eps, alpha_bar_t, alpha_bar_s: x,
    "unwritten": lambda *_: None,
    "stopped": lambda *_: {}["<key>"],
}


@pytest.fixture(params=FUNCTIONS)
def case(request):
    return request.param, check("ddim_step", FUNCTIONS[request.param])


def test_a_terminal_gets_lines_of_words_that_are_whole(case):
    _, result = case
    lines = repr(result).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert " ".join(repr(result).split()) == " ".join(result.text.split())


def test_a_notebook_gets_a_colour_a_sign_and_a_word(case):
    name, result = case
    html = result._repr_html_()
    color, sign, word = {
        "right": (RIGHT, "&#10003;", "right."),
        "wrong": (WRONG, "&#10007;", "not yet right (1 of 4 parts)."),
        "unwritten": (UNWRITTEN, "", "not written yet."),
        "stopped": (WRONG, "&#10007;", "not yet right."),
    }[name]
    assert color in html and sign in html and word in html
    assert "<key>" not in html  # what a learner writes is no markup
    if name == "wrong":
        assert f"Reread: {result.exercise.lesson}." in html and "yours gives" in html and html.count("&#10007;") == 4


def test_require_passes_a_right_result_on_and_raises_the_text_of_another(case):
    name, result = case
    if name == "right":
        assert result.require() is result
    else:
        with pytest.raises(NotYetRight) as error:
            result.require()
        assert str(error.value) == result.text
