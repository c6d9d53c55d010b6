"""Panels that move without a kernel: they are the lessons' own, in the position that each lesson stores."""

import io

import nbformat
import pytest
from PIL import Image

from website.frames import MOVING, WIDEST, Moving, control, frames, moving_panel, positions
from website.links import LESSONS, ROOT


def stored_words(name):
    """What the lesson's notebook says of its first panel."""
    notebook = nbformat.read(ROOT / LESSONS / f"{name}.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if "panel" in cell.metadata.get("tags", []))
    return next(output for output in cell.outputs if "image/png" in output.data).metadata["image/png"]["alt"]


@pytest.mark.parametrize("name", MOVING)
def test_a_panel_stands_where_its_lesson_left_it(name):
    panel = MOVING[name].make()
    assert panel.alt == stored_words(name)
    for one, values in positions(MOVING[name], panel).items():
        assert panel.controls[one].value in values and len(values) == len(set(values)) >= 2


def test_every_position_is_a_frame_with_its_own_words():
    panel = MOVING["04_ddim"].make()
    drawn = {"sampler": ["ddim", "dpm_solver_pp_2m"], "steps": [1, 5]}
    made = list(frames(panel, drawn))
    assert [key for key, _, _ in made] == ["0-0", "0-1", "1-0", "1-1"]
    assert len({words for _, _, words in made}) == 4 and "DPM-Solver++(2M), 5 steps" in made[-1][2]
    assert all(Image.open(io.BytesIO(content)).width <= WIDEST for _, content, _ in made)


def test_numbers_get_a_range_and_names_a_menu(tmp_path, monkeypatch):
    panel = MOVING["04_ddim"].make()
    slider = control("a", panel.controls["steps"], [1, 10], 1)
    menu = control("b", panel.controls["sampler"], ["ddim", "ddpm"], 0)
    assert '<input type="range" id="a" min="0" max="1" value="1"' in slider and ">10</output>" in slider
    assert '<option value="0" selected>DDIM</option>' in menu and '<label for="b">sampler</label>' in menu
    monkeypatch.setitem(MOVING, "04_ddim", Moving(MOVING["04_ddim"].make, {"steps": [1, 3]}))
    made = moving_panel("04_ddim", tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [f"04_ddim-{i}.webp" for i in range(3)]
    assert (
        '"1": "DDIM, eta = 0, 3 steps' in made and 'max="2" value="2"' in made
    )  # 10, where the lesson leaves it, among them
