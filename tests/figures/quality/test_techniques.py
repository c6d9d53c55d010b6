"""The frontier of techniques: small where fewer steps do better, hollow where it is open, in families."""

import dataclasses

import pytest

from diffusion_lessons.figures.quality.frontier import BEATEN, SIZE
from diffusion_lessons.figures.quality.techniques import COLOURS, FADED, all_networks_figure, family, techniques_figure
from diffusion_lessons.sampling import Settings
from tests.benchmark.techniques.made_techniques import techniques
from tests.made import row


def points(figure):
    """Technique by label: size and whether hollow."""
    (plot,) = figure.axes
    lines = [container.lines[0] for container in plot.containers]
    names = [container.get_label() for container in plot.containers]
    return {
        name: (line.get_markersize(), line.get_markerfacecolor() == "white")
        for name, line in zip(names, lines, strict=True)
    }


def test_points_show_what_the_comparison_found():
    figure = techniques_figure(techniques())
    assert points(figure) == {
        "int8": (SIZE, False),
        "features kept": (SIZE, True),
        "pruned": (BEATEN, False),
        "compiled": (SIZE, False),
    }
    legend = figure.axes[0].get_legend()
    assert {"int8", "pruned", "real images, n = 2000"} <= {text.get_text() for text in legend.get_texts()}
    assert {mark.get_markersize() for mark in legend.legend_handles[-4:]} == {SIZE}
    assert figure.axes[0].get_title() == "1 of 3 beat fewer steps"


def test_what_fewer_steps_beat_is_faded_as_well():
    lines = {one.get_label(): one.lines[0] for one in techniques_figure(techniques()).axes[0].containers}
    assert lines["pruned"].get_alpha() == FADED and lines["int8"].get_alpha() is None


def test_networks_stand_beside_each_other_and_share_a_legend():
    figure = all_networks_figure({"one": techniques(), "other": techniques()})
    assert [plot.get_title() for plot in figure.axes] == [
        f"{name}: 1 of 3 beat fewer steps" for name in ("one", "other")
    ]
    (legend,) = figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert len(words) == len(set(words)) and {"int8", "pruned", "DDIM, plain"} <= set(words)
    for plot in figure.axes:
        assert {text.get_text() for text in plot.texts} == {"2", "5", "10"}


def test_only_the_families_that_are_asked_for_are_drawn():
    assert set(points(techniques_figure(techniques(), shown=["int8"]))) == {"int8"}
    assert points(techniques_figure(techniques(), shown=[])) == {}


@pytest.mark.parametrize(
    "name, done, settings",
    [
        ("int8", ("1 block less", "int8"), {}),
        ("pruned", ("25% of channels less",), {}),
        ("small network", ("a small network from the start",), {}),
        ("half precision", (), {"precision": "bfloat16"}),
        ("steps placed", (), {"placed": (9.0, 0.0)}),
        ("steps placed", (), {"spacing": "logsnr"}),
        ("guidance reused", (), {"reuse": 2, "scale": 2.0}),
        ("plain", (), {}),
    ],
)
def test_families(name, done, settings):
    base = row("net", "ddim", 1, 1.0)
    assert family(dataclasses.replace(base, techniques=done, settings=Settings("ddim", 1, **settings))) == name
    assert name in COLOURS or name == "plain"
