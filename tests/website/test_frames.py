"""Panels that move without a kernel: drawn once, kept as long as what they are made from, each with its words."""

import io

import pytest
from PIL import Image

from website import frames as drawing
from website.frames import WIDEST, control, frames, moving_panels
from website.moving import MOVING, Moving

NAME = "04_ddim"


@pytest.fixture
def small(monkeypatch):
    """The lesson's panel in two positions and that in which it stands."""
    moving = Moving(MOVING[NAME][0].make, {"steps": [1, 3]})
    monkeypatch.setitem(MOVING, NAME, [None, moving])
    return moving


def test_every_position_is_a_frame_with_its_own_words():
    panel = MOVING[NAME][0].make()
    made = list(frames(panel, {"sampler": ["ddim", "dpm_solver_pp_2m"], "steps": [1, 5]}))
    assert [key for key, _, _ in made] == ["0-0", "0-1", "1-0", "1-1"]
    assert len({words for _, _, words in made}) == 4 and "DPM-Solver++(2M), 5 steps" in made[-1][2]
    assert all(Image.open(io.BytesIO(content)).width <= WIDEST for _, content, _ in made)


def test_numbers_get_a_range_and_names_and_switches_a_menu():
    panel = MOVING[NAME][0].make()
    slider = control("a", panel.controls["steps"], [1, 10], 1)
    menu = control("b", panel.controls["sampler"], ["ddim", "ddpm"], 0)
    assert '<input type="range" id="a" min="0" max="1" value="1"' in slider and ">10</output>" in slider
    assert '<option value="0" selected>DDIM</option>' in menu and '<label for="b">sampler</label>' in menu
    techniques = MOVING["12_faster"][0].make()
    switch = control("c", techniques.controls["int8"], [False, True], 1)
    assert '<option value="0">off</option><option value="1" selected>on</option>' in switch


def test_a_panel_is_drawn_once_for_the_place_at_which_it_stands(small, tmp_path, monkeypatch):
    target, kept = tmp_path / "frames", tmp_path / "kept"
    still, controls = moving_panels([NAME], target, kept)[NAME]
    assert still == ""
    assert sorted(file.name for file in target.iterdir()) == [f"{NAME}-1-{i}.webp" for i in range(3)]
    assert '"1": "DDIM, eta = 0, 3 steps' in controls and 'max="2" value="2"' in controls  # 10, where it stands
    monkeypatch.setattr(drawing, "write_panel", lambda *_: pytest.fail("drawn again"))
    assert moving_panels([NAME], tmp_path / "again", kept)[NAME] == ["", controls]
    assert len(list((tmp_path / "again").iterdir())) == 3


def test_what_was_made_from_something_else_is_not_taken(small, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    monkeypatch.setattr(drawing, "made_from", lambda: "before")
    moving_panels([NAME], tmp_path / "frames", kept)
    monkeypatch.setattr(drawing, "made_from", lambda: "now")
    moving_panels([NAME], tmp_path / "frames", kept)
    assert [file.name for file in kept.iterdir()] == ["now"]


def test_a_change_of_the_package_changes_what_frames_are_made_from(tmp_path, monkeypatch):
    (tmp_path / "code.py").write_text("scale = 1\n")
    monkeypatch.setattr(drawing.places, "PACKAGE", tmp_path)
    before = drawing.made_from()
    assert drawing.made_from() == before
    (tmp_path / "code.py").write_text("scale = 2\n")
    assert drawing.made_from() != before


def test_frames_that_are_too_large_together_are_refused(small, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "LARGEST", 1e-6)
    with pytest.raises(ValueError, match="up to lesson 04_ddim have .* fewer positions"):
        moving_panels([NAME], tmp_path / "frames", tmp_path / "kept")


def test_a_panel_that_fails_leaves_nothing_that_looks_drawn(tmp_path, monkeypatch):
    wrong = Moving(MOVING[NAME][0].make, {"steps": [1], "sampler": ["magic"]})
    monkeypatch.setitem(MOVING, NAME, [wrong])
    for _ in range(2):
        with pytest.raises(ValueError, match="magic"):
            moving_panels([NAME], tmp_path / "frames", tmp_path / "kept")
