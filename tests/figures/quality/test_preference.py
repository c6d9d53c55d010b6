"""Strengths beside measures: a point with two intervals for each way, in each panel."""

import pytest

from diffusion_lessons.figures.quality.preference import preference_figure
from diffusion_lessons.metrics.preference import bradley_terry, simulated_votes

STRENGTHS = bradley_terry(simulated_votes())
WAYS = {name: {"score": (0.1 * i, 0.1 * i - 0.1, 0.1 * i + 0.2)} for i, name in enumerate(STRENGTHS.names)}


def test_each_way_stands_where_its_measure_and_its_strength_are():
    figure = preference_figure(STRENGTHS, WAYS, votes="simulated votes")
    (place,) = figure.axes
    assert "simulated" in place.get_ylabel() and place.get_xlabel() == "score"
    for (name, row), found in zip(WAYS.items(), place.containers, strict=True):
        assert found.lines[0].get_xydata().tolist() == [[row["score"][0], STRENGTHS.strength(name).value]]
        across, up = (part.get_segments()[0].tolist() for part in found.lines[2])
        assert [across[0][0], across[1][0]] == pytest.approx(row["score"][1:])
        assert [up[0][1], up[1][1]] == pytest.approx(STRENGTHS.strength(name)[1:])


def test_a_way_without_votes_and_too_many_are_refused():
    with pytest.raises(ValueError, match="no votes about 'other'"):
        preference_figure(STRENGTHS, {"other": {"score": (0, 0, 0)}})
    with pytest.raises(ValueError, match="at most 5"):
        preference_figure(STRENGTHS, {str(i): {"score": (0, 0, 0)} for i in range(6)})
