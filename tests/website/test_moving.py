"""The panels that move are the lessons' own, in the position that each lesson stores."""

import nbformat
import pytest

from website.frames import positions
from website.links import LESSONS, ROOT
from website.moving import MOVING

PANELS = [(name, number) for name, panels in MOVING.items() for number, moving in enumerate(panels) if moving]


def stored_words(name):
    """What the lesson's notebook says of each of its panels."""
    notebook = nbformat.read(ROOT / LESSONS / f"{name}.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if "panel" in cell.metadata.get("tags", [])]
    outputs = [next(output for output in cell.outputs if "image/png" in output.data) for cell in cells]
    return [output.metadata["image/png"]["alt"] for output in outputs]


@pytest.mark.parametrize("name", sorted(file.stem for file in (ROOT / LESSONS).glob("[0-9][0-9]*.ipynb")))
def test_every_lesson_has_a_panel_that_moves_and_none_is_forgotten(name):
    assert len(MOVING[name]) == len(stored_words(name))
    assert any(MOVING[name])


@pytest.mark.parametrize(("name", "number"), PANELS)
def test_a_panel_stands_where_its_lesson_left_it(name, number):
    panel = MOVING[name][number].make()
    assert panel.alt == stored_words(name)[number]
    for one, values in positions(MOVING[name][number], panel).items():
        assert panel.controls[one].value in values and len(values) == len(set(values)) >= 2
