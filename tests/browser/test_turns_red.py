"""The tests of this folder can fail: each fault is put into a tiny notebook, and a sound one passes."""

import nbformat
import pytest

from tests.browser.server import KERNEL

PANEL = """
from ipywidgets import HTML, Image, IntSlider, VBox
from PIL import Image as Picture
import io

def png(level):
    content = io.BytesIO()
    Picture.new("L", (64, 64), level).save(content, "png")
    return content.getvalue()

slider, image = IntSlider(0, 0, 255), Image(value=png(0))
"""
ALIVE = 'slider.observe(lambda change, image=image: setattr(image, "value", png(change["new"])), names="value")'
DEAD = 'slider.observe(lambda change: 1 / 0, names="value")'
SHOWN = "\nVBox([slider, image])"


def notebook(**sources):
    """A code cell for each source, tagged with its name."""
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": [name]}) for name, source in sources.items()]
    return nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)


def test_a_panel_that_follows_passes_and_a_dead_one_does_not(open_notebook):
    from tests.browser.notebook_page import move

    page = open_notebook(notebook(alive=PANEL + ALIVE + SHOWN, dead=PANEL + DEAD + SHOWN), "panels.ipynb")
    page.run_all()
    move(page.panel("alive"), slider=0)
    with pytest.raises(AssertionError, match="the picture stayed the same"):
        move(page.panel("dead"), slider=0, seconds=3)


def test_an_error_cell_and_what_the_console_says_are_seen(open_notebook, usual_complaints):
    script = "import IPython.display as d; d.Javascript('console.error(\"ink spilt\")')"
    page = open_notebook(notebook(script=script, error="1 / 0", rest="print('never run')"), "error.ipynb")
    with pytest.raises(AssertionError, match="ZeroDivisionError: division by zero in the cell\n1 / 0"):
        page.run_all()
    assert [text for text in page.complaints if text not in usual_complaints] == ["ink spilt"]
