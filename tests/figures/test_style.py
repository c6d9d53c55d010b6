"""A colour-blind reader, or one with a grey print, can tell the samplers apart."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from diffusion_lessons import samplers
from diffusion_lessons.figures import style

# Linear RGB as a dichromat sees it (Viénot, Brettel and Mollon 1999, in the form of Machado et al. 2009, severity 1).
DICHROMATS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
}


def seen(color, matrix):
    linear = np.asarray(to_rgb(color)) ** 2.2
    return (np.asarray(matrix) @ linear).clip(0, 1) ** (1 / 2.2)


def test_every_sampler_has_its_own_look_and_label():
    for name in samplers.ALL:
        assert name in style.LOOKS and name in style.LABELS
    assert len(set(style.LOOKS.values())) == len(style.LOOKS)
    assert style.look("my_own") == style.OTHER


@pytest.mark.parametrize("matrix", DICHROMATS.values(), ids=DICHROMATS)
def test_hues_stay_apart_for_dichromats(matrix):
    hues = sorted({look.color for look in style.LOOKS.values()})
    for one, other in combinations(hues, 2):
        assert np.linalg.norm(seen(one, matrix) - seen(other, matrix)) > 0.15, (one, other)


@pytest.mark.parametrize("color", sorted({look.color for look in style.LOOKS.values()} | {*style.NETWORKS}))
def test_a_line_can_be_seen_on_white_and_on_a_density(color):
    """Contrast by WCAG 2: 3 to 1 for what must be seen. Over the darkest of a density a line keeps most of it."""
    assert contrast(color, "white") >= 3
    assert contrast(color, style.SHADE) >= 1.8


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    value = np.asarray(to_rgb(color))
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_little_of_a_density_can_be_seen():
    _, plot = style.axes("", "", "")
    style.shade(plot, np.array([[0.0, 0.04, 1.0]]), (0, 1, 0, 1))
    (drawn,) = plot.images
    none, little, most = drawn.cmap(drawn.norm(drawn.get_array()))[0, :, 0]
    assert none == 1 and 0.97 > little > most == pytest.approx(0xCC / 255)


def test_axes_are_labelled_and_stochastic_lines_are_hollow():
    figure, plot = style.axes("DDIM wins", "network evaluations", "distance")
    (drawn,) = plot.plot([1, 2], [3, 4], **style.line("ddim", stochastic=True))
    assert (plot.get_xlabel(), plot.get_title()) == ("network evaluations", "DDIM wins")
    assert drawn.get_markerfacecolor() == "white" and drawn.get_label() == "DDIM"
    assert figure.axes == [plot]
