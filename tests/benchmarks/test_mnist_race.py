"""The race's candidates differ in what their names say, and are measured with labels in the proportions of the data."""

import pandas as pd
import pytest
import torch

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


@pytest.mark.parametrize("n", [1, 7, 10, 500])
def test_labels_are_in_the_proportions_of_the_data_to_less_than_one(n):
    labels = torch.tensor([0] * 5 + [1] * 3 + [2] * 2)
    counts = race.in_proportion(labels, n).bincount(minlength=3)
    assert int(counts.sum()) == n
    assert ((counts - torch.tensor([0.5, 0.3, 0.2]) * n).abs() < 1).all()


def test_the_evaluator_asks_for_the_same_counts_with_every_seed_in_another_order():
    real = race.evaluator()
    one, two = (real.labels(200, seed) for seed in (0, 1))
    assert torch.equal(one.bincount(), two.bincount()) and not torch.equal(one, two)


def test_the_floor_is_lower_than_with_labels_drawn_at_random():
    """The floor of 500 held-out images drawn at random is 0.58."""
    assert 0.1 < race.floor(500, draws=4) < 0.25


def test_the_table_puts_the_nearest_first():
    row = {"budget": 64, "images": 64, "adherence": 0.5, **{f"error at {level:g}": 0.02 for level in race.LEVELS}}
    runs = [("a", 0, 5.0), ("a", 1, 7.0), ("b", 0, 2.0)]
    rows = pd.DataFrame([{"candidate": c, "seed": s, "frechet": f, **row} for c, s, f in runs])
    shown = race.table(rows)
    assert list(shown.index) == ["b", "a"] and list(shown["seeds"]) == [1, 2]
    assert list(shown["Frechet distance"]) == ["2.00", "6.00 ± 1.41"]
    assert list(shown["adherence, %"]) == ["50.00", "50.00 ± 0.00"]
    assert list(shown["1000 x error at 1"]) == ["20.00", "20.00 ± 0.00"]
