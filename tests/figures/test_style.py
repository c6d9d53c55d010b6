"""A colour-blind reader, or one with a grey print, can tell the samplers apart."""

import ast
import importlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from diffusion_lessons import samplers
from diffusion_lessons.checks import result
from diffusion_lessons.figures import style
from diffusion_lessons.panels import quiz

# Linear RGB as a dichromat sees it (Viénot, Brettel and Mollon 1999, in the form of Machado et al. 2009, severity 1).
DICHROMATS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def seen(color, matrix):
    linear = np.asarray(to_rgb(color)) ** 2.2
    return (np.asarray(matrix) @ linear).clip(0, 1) ** (1 / 2.2)


def test_every_sampler_has_its_own_look_and_label():
    for name in samplers.ALL:
        assert name in style.LOOKS and name in style.LABELS
    assert len(set(style.LOOKS.values())) == len(style.LOOKS)
    assert style.look("my_own") == style.OTHER


@pytest.mark.parametrize("matrix", DICHROMATS.values(), ids=DICHROMATS)
def test_hues_stay_apart_for_dichromats(matrix):
    hues = sorted({look.color for look in style.LOOKS.values()})
    for one, other in combinations(hues, 2):
        assert np.linalg.norm(seen(one, matrix) - seen(other, matrix)) > 0.15, (one, other)


@pytest.mark.parametrize("color", sorted({look.color for look in style.LOOKS.values()} | {*style.NETWORKS}))
def test_a_line_can_be_seen_on_white_and_on_a_density(color):
    """Contrast by WCAG 2: 3 to 1 for what must be seen. Over the darkest of a density a line keeps most of it."""
    assert contrast(color, "white") >= 3
    assert contrast(color, style.SHADE) >= 1.8


WRITTEN_BY = {"annotate", "text", "set_title", "suptitle", "set_xlabel", "set_ylabel"}
LIBRARY = Path(style.__file__).parents[1]


def colours_of_words():
    """Where a figure's words are given a colour: the file, the line, and the expressions that may be it."""
    for file in sorted(LIBRARY.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in WRITTEN_BY:
                for given in (one.value for one in call.keywords if one.arg in ("color", "c")):
                    choices = [given.body, given.orelse] if isinstance(given, ast.IfExp) else [given]
                    yield f"{file.relative_to(LIBRARY)}:{call.lineno}", [ast.unparse(one) for one in choices]


def test_coloured_words_in_figures_can_be_read():
    """WCAG 2 asks for 4.5 to 1 of words; the hues of lines have 3, so words take those of `style.TEXT`."""
    assert all(contrast(color, "white") >= 4.5 for color in style.TEXT)
    found = dict(colours_of_words())
    modules = {name: importlib.import_module(name) for name in ("diffusion_lessons.figures.pictures.captioned",)}
    known = {"style": style, **{name: value for one in modules.values() for name, value in vars(one).items()}}
    assert found
    for place, choices in found.items():
        assert {eval(choice, known) for choice in choices} <= {*style.TEXT}, place


@pytest.mark.parametrize("color", [quiz.RIGHT, quiz.WRONG, result.RIGHT, result.WRONG])
def test_words_that_judge_can_be_read(color):
    assert contrast(color, "white") >= 4.5


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    value = np.asarray(to_rgb(color))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_little_of_a_density_can_be_seen():
    _, plot = style.axes("", "", "")
    style.shade(plot, np.array([[0.0, 0.04, 1.0]]), (0, 1, 0, 1))
    (drawn,) = plot.images
    none, little, most = drawn.cmap(drawn.norm(drawn.get_array()))[0, :, 0]
    assert none == 1 and 0.97 > little > most == pytest.approx(0xCC / 255)


def test_axes_are_labelled_and_stochastic_lines_are_hollow():
    figure, plot = style.axes("DDIM wins", "network evaluations", "distance")
    (drawn,) = plot.plot([1, 2], [3, 4], **style.line("ddim", stochastic=True))
    assert (plot.get_xlabel(), plot.get_title()) == ("network evaluations", "DDIM wins")
    assert drawn.get_markerfacecolor() == "white" and drawn.get_label() == "DDIM"
    assert figure.axes == [plot]
