"""The frontier explorer: what may stand in one table, and what wins within a budget."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.benchmark.frontier import best_under
from diffusion_lessons.figures.quality.frontier import joined
from diffusion_lessons.panels.quality.frontier import _points, comparable, frontier_panel
from diffusion_lessons.sampling import Settings
from tests.made import row


def test_rows_of_one_figure_differ_in_sampler_steps_and_options_only():
    table = comparable("mnist-diffusion")
    plain = [Settings(one.sampler, one.steps, options=one.options, batch=one.batch) for one in table["settings"]]
    assert plain == list(table["settings"]) and len(set(plain)) == len(table)
    assert table["samples"].nunique() == 1
    with pytest.raises(LookupError, match="rows of 3 samples in every table; they have mnist-diffusion: "):
        comparable("mnist-diffusion", 3)


def test_the_panel_names_the_best_row_within_the_budget():
    table = comparable("mnist-diffusion")
    panel = frontier_panel(table, load("mnist-diffusion"), budget=2)
    fits = best_under(table, {"nfe": 5}, "frechet_value")
    panel.controls["budget"].value = 5
    assert "At most 5 evaluations" in panel.alt and f"{fits['frechet_value'].min():.2f}" in panel.alt


def test_the_winner_is_drawn_with_the_settings_it_was_measured_with(monkeypatch):
    rows = [row("net", "ddim", 4, frechet) for frechet in (2.0, 1.5)]
    rows = [
        replace(one, settings=replace(one.settings, options={"eta": eta}))
        for one, eta in zip(rows, (1, 0.5), strict=True)
    ]
    drawn = []

    def sampled(denoise, settings, n):
        drawn.append(settings)
        return SimpleNamespace(x=torch.zeros(n, 1, 8, 8))

    monkeypatch.setattr("diffusion_lessons.panels.quality.frontier.timed_samples", sampled)
    panel = frontier_panel(joined(rows), None, budget=5)
    assert drawn == [rows[1].settings] and "DDIM, eta = 0.5 in 4 steps" in panel.alt


def test_points_over_the_budget_are_crosses_and_those_within_have_one_colour():
    table = comparable("mnist-diffusion")
    tied = best_under(table, {"nfe": 5}, "frechet_value")
    (plot,) = _points(table, tied, tied.iloc[0], 5).axes
    drawn = {one.get_label(): one.lines[0] for one in plot.containers}
    assert list(drawn) == ["over budget", "beaten", "ties"]
    assert drawn["over budget"].get_marker() == "x" and (drawn["over budget"].get_xdata() > 5).all()
    assert drawn["beaten"].get_color() == drawn["ties"].get_color() != drawn["over budget"].get_color()
    assert drawn["beaten"].get_markersize() < drawn["ties"].get_markersize()
    assert not any(line.get_alpha() for line in drawn.values())
