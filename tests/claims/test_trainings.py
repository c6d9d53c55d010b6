"""The spread of trainings, from several of each kind."""

import json

import numpy as np
import pytest

from claims.trainings import spread, trainings, words_on_trainings


def made(draws):
    return [{"choice": kind, "x": value} for kind, values in enumerate(draws) for value in values]


def test_the_spread_is_the_deviation_within_kinds_over_their_means():
    assert spread(made([[1.0, 1.0], [9.0, 9.0]]), "x")[0] == 0.0
    assert spread(made([[0.9, 1.1], [9.0, 11.0]]), "x")[0] == pytest.approx(0.02**0.5)


def test_95_of_100_pairs_of_trainings_are_no_farther_apart():
    random_state, inside = np.random.default_rng(0), 0
    for _ in range(2000):
        draws = 10 + 0.5 * random_state.normal(size=(7, 3))
        one, other = 10 + 0.5 * random_state.normal(size=2)
        inside += abs(one - other) / 10 < spread(made(draws), "x")[1]
    assert 0.935 < inside / 2000 < 0.965


def test_the_page_states_the_spread_where_trainings_were_kept(empty):
    assert trainings() == [] and words_on_trainings().endswith("is about that network.")
    figures = {"frechet at 1": (1.0, 1.1), "frechet at 2": (2.0, 2.6), "adherence at 1": (0.9, 0.92)}
    rows = [
        {"recipe": recipe, "choice": "v", "images": 50_000, **{name: values[seed] for name, values in figures.items()}}
        for recipe in ("digits", "mnist-small")
        for seed in (0, 1)
    ]
    (empty / "choices.json").write_text(json.dumps(rows))
    assert len(trainings()) == 2
    assert "2 trainings of each of 1 kinds" in words_on_trainings() and "varies by 6.7 %" in words_on_trainings()
