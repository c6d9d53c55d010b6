"""The panel of the floor tells a model that forgets from real images, with enough of them."""

import pytest

from diffusion_lessons.metrics.features import reference
from diffusion_lessons.panels.quality.floor import floor_panel


@pytest.fixture(scope="module")
def panel():
    return floor_panel(reference("mnist", "train"), reference("mnist", "test"), count=250, percent=0)


def above(panel) -> int:
    return int(panel.alt.split("; ")[1].split()[0])


def test_a_model_that_forgets_is_told_from_real_images_with_enough_of_them(panel):
    assert above(panel) < 5  # nothing is forgotten
    panel.controls["percent"].value = 50
    few = above(panel)
    panel.controls["count"].value = 2500
    assert above(panel) == 20 > few and "2500 images, 50 % of the 7s" in panel.alt


def test_a_forgotten_digit_lowers_recall_and_coverage_whatever_a_stray_sample_covers(panel):
    def said(percent: int) -> list[float]:
        panel.controls["count"].value, panel.controls["digit"].value = 1000, 1
        panel.controls["percent"].value = percent
        return [float(words.split()[1]) for words in panel.alt.partition("draws: ")[2].split(", ")]

    (_, recall, coverage), (_, without, uncovered) = said(0), said(100)
    assert without < recall - 0.02 and uncovered < coverage - 0.05
