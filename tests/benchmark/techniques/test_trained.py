"""What is trained for the table: pruned networks trained on, small ones from the start, by images or by minutes."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from diffusion_lessons import load
from diffusion_lessons.benchmark.techniques import trained
from diffusion_lessons.benchmark.techniques.trained import (
    images_in_the_time_of,
    images_of,
    lessons_of,
    ranking_images,
    recipe_of,
    small_from_the_start,
    small_recipe,
    weights_of,
)
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.data import CLASSES
from diffusion_lessons.optimise.block_pruning import block_names
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.training import recipes


@pytest.fixture(scope="module")
def denoise():
    return load("digits-diffusion")


def test_what_is_pruned_and_trained_on_is_kept_as_weights(denoise, tmp_path):
    said, name = [], block_names(denoise)[0]
    techniques = Techniques(blocks=(name,), trained=640)
    weights = weights_of(denoise, techniques, said.append)
    assert "training on for 640 images" in said[0]
    file = plans.write(tmp_path / "tuned.json", "digits-diffusion", techniques, weights=weights)
    x = torch.randn(2, *denoise.shape)
    assert load(file)(x, 300.0).x0.isfinite().all() and load(file).card["techniques"] == techniques.words


def test_the_small_network_is_as_thin_as_the_pruned_one_and_trained_once(denoise, tmp_path, monkeypatch):
    monkeypatch.setattr(trained, "TRAINED", 640)
    said, file = [], tmp_path / "small"
    for _ in range(2):
        assert small_from_the_start(denoise, file, said.append) == file
    assert len(said) == 1
    card = load(file).card
    assert card["architecture"]["widths"] == [24, 48] and card["images_seen"] == 640
    assert card["techniques"] == ["a small network from the start"] and card["parent_sha256"] == denoise.card["sha256"]
    assert recipe_of(denoise).name == "digits"


def test_in_the_same_minutes_it_learns_from_as_many_more_images_as_it_is_quicker(denoise, monkeypatch):
    ticks = iter(range(1000))

    def clock_of(kind, device):
        assert (kind, device.type) == ("processor", "cpu")
        return lambda: next(ticks) ** 2  # each call takes longer: the small network's, the second of each turn, by more

    def records(*arguments, **options):
        assert options["every"] == 1
        return iter(range(100))

    monkeypatch.setattr(trained, "clock_of", clock_of)
    monkeypatch.setattr(trained, "train", records)
    monkeypatch.setattr(trained, "fine_tune", records)
    techniques = Techniques(blocks=(block_names(denoise)[0],))
    counts = [2 * k + 1 for k in range(0, 2 * 2 * (trained.UPDATES + 1), 2)]  # (k + 1)^2 - k^2 at every second tick
    pruned, small = counts[2::2], counts[3::2]
    longer = sorted(pruned)[3:5], sorted(small)[3:5]
    expected = trained.TRAINED * sum(longer[0]) / sum(longer[1])
    images = images_in_the_time_of(denoise, techniques)
    batch = recipe_of(denoise).batch
    assert images % batch == 0 and abs(images - expected) <= batch / 2


def test_as_long_is_said_and_its_images_are_counted(denoise, tmp_path):
    file = small_from_the_start(denoise, tmp_path / "small", lambda words: None, 128)
    card = load(file).card
    assert card["techniques"] == ["a small network from the start", "in the same minutes"]
    assert card["images_seen"] == 128
    recipe = recipe_of(denoise)
    thin = replace(recipe, images=128, network=replace(recipe.network, widths=(24, 48)))
    assert small_recipe(recipe, 128) == thin and recipe.compile is False


def test_images_come_from_a_folder_in_place_of_a_download(tmp_path, monkeypatch):
    """Known by the recipe's name for them; a recipe that spoils or draws its own refuses them."""
    for kind in CLASSES["cifar10"]:
        (tmp_path / "train" / kind).mkdir(parents=True)
        Image.new("RGB", (32, 32), "red").save(tmp_path / "train" / kind / "1.png")
    monkeypatch.setattr(trained, "recipe_of", lambda denoise: recipes.get("cifar10-small"))
    x0, labels = ranking_images(load("cifar10-diffusion"), data=tmp_path)
    assert x0.shape == (10, 3, 32, 32) and labels.tolist() == list(range(10))
    recipe, images, options = lessons_of(load("cifar10-diffusion"), tmp_path)
    assert (recipe.name, images.card["name"], len(images), options) == ("cifar10-small", "cifar10", 10, {})
    with pytest.raises(ValueError, match="learns from scenes of MNIST's strokes: leave --data out"):
        images_of(load("captions-diffusion"), tmp_path)
