"""The race's candidates differ in what their names say, and the table puts the nearest first."""

import pandas as pd
import pytest

from benchmarks import mnist_race as race
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.networks.unet import UNet
from diffusion_lessons.training import recipes


@pytest.mark.parametrize("candidate", race.CANDIDATES)
def test_candidates_differ_from_the_recipe_in_what_their_names_say(candidate):
    recipe, plain = race.recipe_of(candidate, 640), recipes.get("mnist-small", images=640, compile=True)
    words = candidate.split(", ")
    assert recipe.predicts == words[0]
    assert recipe.weighting == ("min_snr" if "min-SNR weights" in words else None)
    assert (recipe.times == "uniform") == ("uniform times" in words)
    assert bool(recipe.network.attention) == ("attention" in words)
    assert (recipe.batch, recipe.images, recipe.learning_rate) == (plain.batch, plain.images, plain.learning_rate)


def test_networks_fit_the_package():
    for candidate in race.CANDIDATES:
        assert 2 * count_parameters(UNet(race.recipe_of(candidate, 1).network)) < 4_000_000


def test_the_table_puts_the_nearest_first():
    row = {"budget": 64, "images": 64, "adherence": 0.5, **{f"error at {level:g}": 0.02 for level in race.LEVELS}}
    runs = [("a", 0, 5.0), ("a", 1, 7.0), ("b", 0, 2.0)]
    rows = pd.DataFrame([{"candidate": c, "seed": s, "frechet": f, **row} for c, s, f in runs])
    shown = race.table(rows)
    assert list(shown.index) == ["b", "a"] and list(shown["seeds"]) == [1, 2]
    assert list(shown["Fréchet distance"]) == ["2.00", "6.00 ± 1.41"]
    assert list(shown["adherence, %"]) == ["50.00", "50.00 ± 0.00"]
    assert list(shown["1000 x error at 1"]) == ["20.00", "20.00 ± 0.00"]
