"""Choices differ in what they compare only, and their table puts the best first."""

import pandas as pd

from benchmarks import choices
from diffusion_lessons.training.recipes import Recipe, get


def test_choices_differ_only_in_what_they_compare():
    for name, changes in choices.CHOICES.items():
        recipe = get("digits", **changes)
        assert isinstance(recipe, Recipe) and recipe.images == get("digits").images
        assert set(changes) <= {"path", "predicts", "times", "kind"}, name
        assert name.split("/")[0] == recipe.predicts and recipe.make_path().T in (1, 1000)


def test_the_table_of_choices_puts_the_nearest_to_the_floor_first():
    row = {
        "images": 64,
        "samples": 10,
        "floor": 1.0,
        "adherence at 1": 0.5,
        "adherence at 2": 0.75,
        "frechet at 2": 4.0,
    }
    runs = [("a", 0, 5.0), ("a", 1, 7.0), ("b", 0, 2.0)]
    rows = pd.DataFrame([{"choice": c, "seed": s, "frechet at 1": f, **row} for c, s, f in runs])
    shown = choices.table(rows)
    assert list(shown.index) == ["b", "a"] and list(shown["seeds"]) == [1, 2]
    assert shown.loc["a", "frechet - floor at 1"] == "5.00 ± 1.41"
    assert shown.loc["b", "adherence at 2"] == "75.00"  # one run has no spread
