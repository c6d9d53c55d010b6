"""The figures of the clinic say in words what they show; one that compares labels refuses a case without them."""

from dataclasses import replace

import pytest

from diffusion_lessons.clinic.patients import healthy, patient
from diffusion_lessons.figures.diffusion.clinic import MEASUREMENTS


def test_every_measurement_has_a_figure_and_a_sentence():
    case, twin = patient("v_as_eps"), healthy()
    for name, draw in MEASUREMENTS.items():
        picture = draw(case, twin, "a title")
        assert picture.figure.axes and any(character.isdigit() for character in picture.words), name


def test_labels_are_compared_where_there_are_some():
    case = replace(healthy(), conditions=None)
    with pytest.raises(ValueError, match="give a case that has them"):
        MEASUREMENTS["loss by level"](case, case, "a title")
