"""Formulas as MathML, made while the site is built: every browser sets it, screen readers read it, no script is needed.

A Sphinx extension. The font is STIX Two Math, from the package `ziamath`, cut down to the characters that formulas use.
"""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from fontTools import subset
from latex2mathml.converter import convert
from sphinx.application import Sphinx

FONT = "stix-two-math.woff"
# Latin, accents, Greek, punctuation, arrows, operators, brackets, mathematical alphabets
BLOCKS = [(0x20, 0x17F), (0x2B0, 0x3FF), (0x2000, 0x2070), (0x20D0, 0x2BFF), (0x1D400, 0x1D7FF)]
BAR = re.compile(r'<mover>(<m[in]>[^<]*</m[in]>)<mo stretchy="true">&#x000AF;</mo></mover>')  # \\bar of a letter


def mathml(formula: str, *, display: bool) -> str:
    """The formula, written in LaTeX, as a <math> element. ValueError if it is not understood."""
    try:
        made = convert(formula, display="block" if display else "inline")
    except Exception as error:  # the converter has a dozen classes of errors without a common name
        raise ValueError(f"this formula is not understood ({type(error).__name__}): {formula}") from error
    if "\\" in made:  # a command that the converter does not know
        raise ValueError(f"this formula is not understood: {formula}")
    return BAR.sub(r'<mover accent="true">\1<mo stretchy="false">&#x0203E;</mo></mover>', made)


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), display=False))
    raise nodes.SkipNode


def visit_display(translator: Any, node: nodes.math_block) -> None:
    """A formula wider than the page scrolls in its own box, which the keyboard reaches."""
    formula = mathml(node.astext(), display=True)
    translator.body.append(f'<div class="formula" tabindex="0" role="group" aria-label="formula">{formula}</div>\n')
    raise nodes.SkipNode


def write_font(folder: Path) -> None:
    """The mathematical font with the characters of formulas alone, as a web font."""
    options = subset.Options(flavor="woff", layout_features=["*"])
    with files("ziamath").joinpath("fonts/STIXTwoMath-Regular.ttf").open("rb") as source:
        font = subset.load_font(source, options)
        condense_roots(font)
        cut = subset.Subsetter(options)
        cut.populate(unicodes=[code for first, last in BLOCKS for code in range(first, last + 1)])
        cut.subset(font)
        subset.save_font(font, str(folder / FONT), options)


def condense_roots(font: Any) -> None:
    """Give root signs of every height the width of the smallest.

    Chromium reserves room for the widest of them, which would stand as a gap behind every formula with a small root.
    """
    glyphs, widths = font["glyf"], font["hmtx"]
    small = font.getBestCmap()[ord("\N{SQUARE ROOT}")]
    for name in [name for name in font.getGlyphOrder() if name.startswith(f"{small}.")]:
        width, left = widths[name]
        share = widths[small][0] / width
        glyphs[name].coordinates.scale((share, 1))
        glyphs[name].recalcBounds(glyphs)
        widths[name] = (widths[small][0], round(left * share))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("mathml", inline_renderers=(visit_inline, None), block_renderers=(visit_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
