"""Formulas as MathML: every formula of the lessons is understood, and the font has their letters."""

import io
import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("ziamath", reason="the site's libraries are missing: pip install -e '.[site]'")

import nbformat
from fontTools.ttLib import TTFont

from website.lessons import names
from website.links import LESSONS, ROOT
from website.mathml import FONT, mathml, write_font

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?(?:\n[^$\n]+?)?)\$", re.S)


def texts(element):
    return "".join(element.itertext())


def test_a_formula_keeps_its_letters_in_order():
    made = ElementTree.fromstring(mathml(r"x_s = \alpha_s \hat x_0", display=True))
    assert made.get("display") == "block"
    assert texts(made).replace("^", "") == "xs=αsx0"


def test_a_bar_is_over_its_letter_alone():
    made = mathml(r"\bar\alpha_t", display=False)
    assert '<mover accent="true"><mi>&#x003B1;</mi><mo stretchy="false">&#x0203E;</mo></mover>' in made


@pytest.mark.parametrize("formula", ["x_", r"\left( x", r"\unheard x"])
def test_a_formula_that_is_none_is_named(formula):
    with pytest.raises(ValueError, match="this formula is not understood.*: " + re.escape(formula)):
        mathml(formula, display=False)


@pytest.fixture(scope="module")
def font(tmp_path_factory):
    folder = tmp_path_factory.mktemp("font")
    write_font(folder)
    return TTFont(io.BytesIO((folder / FONT).read_bytes()))


def test_root_signs_of_all_heights_are_equally_wide(font):
    root = font.getBestCmap()[0x221A]
    assert len({font["hmtx"][name][0] for name in font.getGlyphOrder() if name.split(".")[0] == root}) == 1


@pytest.mark.parametrize("name", names())
def test_every_formula_of_a_lesson_is_understood_and_its_letters_are_in_the_font(name, font):
    notebook = nbformat.read(ROOT / LESSONS / f"{name}.ipynb", as_version=4)
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    formulas = [one or two for one, two in FORMULA.findall(re.sub(r"`[^`]*`", "", prose))]
    known = font.getBestCmap()
    for formula in formulas:
        made = ElementTree.fromstring(mathml(formula, display=False))
        assert not made.findall(".//merror") and "\\" not in texts(made), formula
        assert {letter for letter in texts(made) if not letter.isspace()} <= {chr(code) for code in known}, formula
