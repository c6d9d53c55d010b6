"""Figures of tables: what is beaten is small, the floor is drawn, labels name sampler and steps."""

from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality import frontier as views
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings
from tests.made import replicates, row, teacher


def measured(sampler, steps, value, **options):
    """A row with its latency, of a tenth of a second a step, and with the figures that depend on guidance."""
    made = row("net", sampler, steps, value, 0.05)
    settings = replace(made.settings, options=options, scale=steps / 10)
    seconds = {"seconds_per_image": steps / 100, "seconds_q1": steps / 110, "seconds_q3": steps / 90}
    guided = {name: Score(0.1, 0.1, 0.1, 0.1, made.samples) for name in ("diversity", "adherence")}
    kept = replicates(value, 0.05, steps)
    quality = {"frechet": Score(value, 0.05, 0.95, 0.1, made.samples, kept), **guided}
    return replace(made, settings=settings, quality=quality, **seconds)


@pytest.fixture
def table():
    rows = (measured("ddim", 10, 3.0), measured("ddim", 50, 1.0), measured("ddim", 50, 9.0, eta=1.0))
    return views.joined([*rows, measured("dpm_solver_pp_2m", 10, 1.1)])


@pytest.mark.parametrize(
    ("options", "label", "stochastic"),
    [
        ({}, "DDIM", False),
        ({"eta": 0.0}, "DDIM, eta = 0", False),
        ({"eta": 0.5}, "DDIM, eta = 0.5", True),
        ({"eta": 1}, "DDIM, eta = 1", True),
        ({"eta": 1.0}, "DDIM, eta = 1", True),
    ],
)
def test_label_and_line_style_come_from_the_settings(options, label, stochastic):
    settings = Settings("ddim", 10, options=options)
    assert views.label(settings) == label and settings.adds_noise == stochastic
    table = views.joined([replace(teacher()[0], settings=settings)])
    (points,) = views.frontier(table).axes[0].containers
    assert points.get_label() == label
    assert (points.lines[0].get_markerfacecolor() == "white") == stochastic


def test_other_samplers_are_as_random_as_they_are_by_default():
    names = ("ddpm", "heun", "consistency", "dpm_solver_pp_2m_sde", "dpm_solver_pp_2m")
    assert [Settings(name, 2).adds_noise for name in names] == [True, False, True, True, False]
    assert views.label(Settings("ddpm", 2, options={"variance": "large"})) == "DDPM, large variance"
    corrected = Settings("dpm_solver_pp_3m", 2, options={"corrected": True})
    assert views.label(corrected) == "DPM-Solver++(3M), corrected"


@pytest.mark.parametrize("x", ["nfe", "seconds_per_image"])
def test_the_frontier_draws_small_what_is_beaten_and_names_what_is_not(table, x):
    (plot,) = views.frontier(table, x).axes
    assert [text.get_text() for text in plot.texts] == ["10 steps", "50 steps"]
    sizes = [bar.lines[0].get_markersize() for bar in plot.containers]
    assert sizes == [views.BEATEN, views.SIZE, views.BEATEN, views.SIZE]
    shown = [mark for mark in plot.get_legend().legend_handles if mark.get_marker() not in ("", "None")]
    assert {mark.get_markersize() for mark in shown} == {views.SIZE} and not any(mark.get_alpha() for mark in shown)
    assert plot.get_xscale() == plot.get_yscale() == "log"
    legend = [text.get_text() for text in plot.get_legend().get_texts()]
    assert "real images, n = 2000" in legend and "DDIM, eta = 1" in legend
    assert "made features" in plot.get_ylabel() and "FID" not in plot.get_ylabel()


def test_every_point_stands_where_it_was_measured_and_its_marker_is_in_the_legend(table):
    (plot,) = views.above_floor(table).axes
    drawn = {one.get_label(): one for one in plot.containers}
    assert drawn["DDIM"].lines[0].get_ydata() == pytest.approx([3.0 - 0.95, 1.0 - 0.95])
    (bars,) = drawn["DDIM"].lines[2]
    low, high = bars.get_segments()[1][:, 1]
    assert high - low == pytest.approx(4 * (0.05**2 + 0.1**2) ** 0.5)  # two standard errors to each side
    marks = [one.get_marker() for one in plot.get_legend().findobj(Line2D)]
    assert {style.look(name).marker for name in ("ddim", "dpm_solver_pp_2m")} <= set(marks)


def test_several_networks_keep_their_samplers_markers_and_have_a_colour_each():
    table = views.joined([*teacher(), row("student", "ddim", 1, 1.5), row("student", "ddim", 4, 1.2)])
    (plot,) = views.frontier(table).axes
    named = [text.get_text() for text in plot.texts]
    assert named == ["1 step", "4 steps"]
    points = dict(zip([each.get_label() for each in plot.containers], plot.containers, strict=True))
    lines = {name: points[name].lines[0] for name in ("net: DDIM", "net: DPM-Solver++(2M)", "student: DDIM")}
    assert lines["net: DDIM"].get_color() == lines["net: DPM-Solver++(2M)"].get_color()
    assert lines["net: DDIM"].get_color() != lines["student: DDIM"].get_color()
    assert lines["net: DDIM"].get_marker() == lines["student: DDIM"].get_marker()
    (beyond,) = views.above_floor(table).axes
    assert "student: DDIM" in [text.get_text() for text in beyond.get_legend().get_texts()]
    assert "who" not in views.joined(teacher())


def test_a_point_for_each_scale(table):
    assert [text.get_text() for text in views.over_scale(table).axes[0].texts] == ["s = 1", "s = 1", "s = 5", "s = 5"]


def boxes(figure):
    """Where the texts in a figure's axes stand, in pixels, after it was drawn; and its axes' own box."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (plot,) = figure.axes
    return [text.get_window_extent() for text in plot.texts], plot.get_window_extent()


@pytest.mark.parametrize("checkpoint", ["mnist-diffusion", "mnist-small-diffusion"])
@pytest.mark.parametrize("name", ["frontier", "over_scale"])
def test_labels_of_the_shipped_tables_do_not_overprint(name, checkpoint):
    rows = shipped.rows(checkpoint)
    if name == "frontier":
        table = views.joined(shipped.comparable(rows))
        figure = views.frontier(table[table.nfe > 1])
    else:
        scales = Settings("dpm_solver_pp_2m", 10, limit=None)
        figure = views.over_scale(views.joined([shipped.find(rows, scales.changed(scale=s)) for s in (1, 2, 3, 5, 10)]))
    labels, inside = boxes(figure)
    assert len(labels) >= 4 and not any(one.overlaps(other) for one, other in combinations(labels, 2))
    assert all(inside.x0 <= one.x0 and one.x1 <= inside.x1 for one in labels)
