"""The frontier explorer: what may stand in one table, and what wins within a budget."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.benchmark.frontier import best_under
from diffusion_lessons.figures import style
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


def test_all_rows_that_tie_are_named():
    """DDIM and DPM-Solver++(2M) are one sampler in two steps, and a row alone says that none ties with it."""
    table, network = comparable("mnist-small-diffusion"), load("mnist-small-diffusion")
    panel = frontier_panel(table[table["nfe"] == 2], network, budget=2)
    assert "DDIM in 2 steps measures lowest" in panel.alt and "with it tie DPM-Solver++(2M) in 2 steps" in panel.alt
    alone = table[(table["nfe"] == 2) & (table["label"] == "DDIM")]
    assert "no other row ties with it" in frontier_panel(alone, network, budget=2).alt


def test_each_sampler_has_its_look_rows_over_the_budget_are_crosses_and_nothing_is_called_beaten():
    table, budget = comparable("mnist-diffusion"), 10
    tied = best_under(table, {"nfe": budget}, "frechet_value")
    best = tied.loc[tied["frechet_value"].idxmin()]
    (plot,) = _points(table, tied, best, budget).axes
    drawn = [one.lines[0] for one in plot.containers]
    assert len(drawn) == len(table)
    for line, (place, one) in zip(drawn, table.iterrows(), strict=True):
        color, marker = style.look(one["sampler"])
        over = one["nfe"] > budget
        assert (line.get_color(), line.get_marker()) == ((style.GREY, "x") if over else (color, marker))
        assert (line.get_markersize() > 5) == (place in tied.index)
    (star,) = [line for line in plot.lines if line.get_marker() == "*"]
    assert star.get_markerfacecolor() == "none" and star.get_ydata() == best["frechet_value"]  # covers no row
    legend = [text.get_text() for text in plot.get_legend().get_texts()]
    assert legend == [*table["label"].unique(), "the lowest; large: ties with it", "over the budget"]
