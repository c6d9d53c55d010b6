"""Pairs are shown blind, choices are kept at once, and who comes back goes on."""

import numpy as np
import pytest
import torch

from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.metrics.preference.pairs import order_for, study_pairs
from diffusion_lessons.metrics.preference.votes import read_votes
from diffusion_lessons.panels.conditions.preference import KEYS, PreferencePanel, Session, preference_panel
from tests.captions.small import small_denoiser
from tests.panels.pixels import pixels

WHITE = torch.ones(3, 32, 32)
PAIRS = study_pairs(["a seven"], ("dark", "bright"), each=3)


def flat(pair):
    """A dark and a bright picture."""
    return {"dark": torch.full((3, 32, 32), -1.0), "bright": torch.full((3, 32, 32), 1.0)}


def new_panel(folder, person="anna"):
    return PreferencePanel(Session(person, PAIRS, folder, flat))


def choose(panel, choice):
    panel.controls["choice"].value = choice


def test_choices_are_kept_with_what_stood_where(tmp_path):
    panel = new_panel(tmp_path)
    choices, order = ["left", "neither", "right"], list(order_for("anna", PAIRS))
    for number, choice in enumerate(choices, start=1):
        assert f"Pair {number} of 3" in panel.alt and "dark" not in panel.alt and "bright" not in panel.alt
        picture, left = pixels(panel).astype(float), order[number - 1][1]
        middle = picture.shape[1] // 2
        assert (picture[:, : middle // 2].mean() < picture[:, -middle // 2 :].mean()) == (left == "dark")
        choose(panel, choice)
        assert panel.controls["choice"].value is None
    votes = read_votes(tmp_path)
    assert [vote.chosen for vote in votes] == choices and not any(vote.simulated for vote in votes)
    assert [(vote.pair, vote.left, vote.right) for vote in votes] == [(p.name, a, b) for p, a, b in order]
    assert "Done: 3 choices of anna" in panel.alt
    choose(panel, "left")
    assert len(read_votes(tmp_path)) == 3


def test_both_pictures_are_of_one_size_and_end_at_a_line(tmp_path):
    """White paper on a white page: without the line nobody sees how large the picture is."""
    panel = PreferencePanel(Session("anna", PAIRS, tmp_path, lambda _: dict.fromkeys(("dark", "bright"), WHITE)))
    shown = pixels(panel)
    lines = np.flatnonzero((shown.min(axis=2) < 200).sum(axis=0) > shown.shape[0] / 2)  # columns that are grey
    left, right = lines[lines < shown.shape[1] / 2], lines[lines > shown.shape[1] / 2]
    assert left.size and right.size and np.ptp(left) == np.ptp(right) > 32 * 6
    for _ in PAIRS:
        choose(panel, "left")
    assert "Done" in panel.alt and pixels(panel).shape == shown.shape


def test_who_comes_back_goes_on(tmp_path):
    choose(new_panel(tmp_path), "left")
    again = new_panel(tmp_path)
    assert "Pair 2 of 3" in again.alt
    choose(again, "right")
    assert [vote.chosen for vote in read_votes(tmp_path)] == ["left", "right"]
    assert "Pair 1 of 3" in new_panel(tmp_path, "ben").alt


def test_every_choice_has_a_key_and_a_button(tmp_path):
    panel = new_panel(tmp_path)
    places = {"ArrowLeft: 0": "left", "ArrowDown: 1": "neither", "ArrowRight: 2": "right"}
    assert all(key in KEYS for key in places)
    assert [value for _, value in panel.controls["choice"].options] == list(places.values())


def test_the_pictures_are_those_of_the_system(tmp_path):
    ways = {name: TEN_STEPS.changed(steps=n) for n, name in enumerate(("one", "two"), start=1)}
    panel = preference_panel(small_denoiser(), "anna", tmp_path, ways=ways)
    assert "Pair 1 of 4" in panel.alt
    with pytest.raises(ValueError, match="a person's name"):
        preference_panel(small_denoiser(), "a/b", tmp_path, ways=ways)


def test_a_pair_is_drawn_once_though_its_button_goes_up_again(tmp_path):
    drawn = []
    panel = PreferencePanel(Session("anna", PAIRS, tmp_path, lambda pair: drawn.append(pair.name) or flat(pair)))
    choose(panel, "left")
    choose(panel, "right")
    assert drawn == [pair.name for pair, _, _ in order_for("anna", PAIRS)]
