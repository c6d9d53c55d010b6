"""Figures of tables: what is beaten is faded, the floor is drawn, labels name sampler and steps."""

import pandas as pd
import pytest
import torch

from diffusion_lessons.figures import frontier as views
from tests.benchmark.made import row, teacher


@pytest.fixture
def table():
    rows = []
    for sampler, steps, value, options in (
        ("ddim", 10, 3.0, "{}"),
        ("ddim", 50, 1.0, "{}"),
        ("ddim", 50, 9.0, '{"eta": 1.0}'),
        ("dpm_solver_pp_2m", 10, 1.1, "{}"),
    ):
        rows.append(
            {"sampler": sampler, "steps": steps, "nfe": steps, "options": options, "scale": steps / 10, "samples": 500}
            | {"frechet_value": value, "frechet_spread": 0.05, "frechet_floor": 0.95, "frechet_floor_spread": 0.1}
            | {"seconds_per_image": steps / 100, "seconds_q1": steps / 110, "seconds_q3": steps / 90}
            | {f"{name}_{part}": 0.1 for name in ("diversity", "adherence") for part in ("value", "spread", "floor")}
            | {"features": "mnist features"}
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize("x", ["nfe", "seconds_per_image"])
def test_the_frontier_fades_what_is_beaten_and_names_what_is_not(table, x):
    (plot,) = views.frontier(table, x).axes
    assert [text.get_text() for text in plot.texts] == ["DDIM@50", "DPM-Solver++(2M)@10"]
    alphas = [bar.lines[0].get_alpha() for bar in plot.containers]
    assert alphas == [views.FADED, 1, views.FADED, 1]
    assert plot.get_xscale() == plot.get_yscale() == "log"
    legend = [text.get_text() for text in plot.get_legend().get_texts()]
    assert "real images, n = 500" in legend and "DDIM, eta = 1" in legend
    assert "mnist features" in plot.get_ylabel() and "FID" not in plot.get_ylabel()


def test_points_at_the_floor_are_drawn_as_limits(table):
    (plot,) = views.above_floor(table).axes
    hollow = [line for line in plot.lines if line.get_markerfacecolor() == "white" and line.get_alpha() == 0.6]
    drawn = [y for line in hollow for y in line.get_ydata()]
    assert drawn == pytest.approx([2 * (0.05**2 + 0.1**2) ** 0.5] * 2)  # two rows are within two errors of the floor


def test_several_networks_keep_their_samplers_markers_and_have_a_colour_each():
    table = views.joined([*teacher(), row("student", "ddim", 1, 1.5), row("student", "ddim", 4, 1.2)])
    (plot,) = views.frontier(table).axes
    named = [text.get_text() for text in plot.texts]
    assert named == ["student: DDIM@1", "student: DDIM@4"]
    points = dict(zip([each.get_label() for each in plot.containers], plot.containers, strict=True))
    lines = {name: points[name].lines[0] for name in ("net: DDIM", "net: DPM-Solver++(2M)", "student: DDIM")}
    assert lines["net: DDIM"].get_color() == lines["net: DPM-Solver++(2M)"].get_color()
    assert lines["net: DDIM"].get_color() != lines["student: DDIM"].get_color()
    assert lines["net: DDIM"].get_marker() == lines["student: DDIM"].get_marker()
    (beyond,) = views.above_floor(table).axes
    assert "student: DDIM" in [text.get_text() for text in beyond.get_legend().get_texts()]
    assert "who" not in views.joined(teacher())


def test_scales_and_samples(table):
    assert len(views.over_scale(table).axes[0].texts) == 4
    images = torch.zeros(3, 1, 8, 8)
    figure = views.samples_along({"DDIM@10": images, "DDIM@50": images}, columns=3)
    assert [plot.get_ylabel() for plot in figure.axes] == ["DDIM@10", "DDIM@50"]
    with pytest.raises(ValueError, match="no samples"):
        views.samples_along({})
