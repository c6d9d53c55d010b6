"""The classifier's recipe: it learns, repeats itself under a seed, and augments as it says."""

import math
from dataclasses import replace

import torch

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.networks.classifier import Classifier
from diffusion_lessons.training.classifier import RECIPES, accuracy, augment, train_classifier

DIGITS = RECIPES["digits"]


def trained(recipe, data, seed=0, **options):
    torch.manual_seed(seed)
    network = Classifier(recipe.config)
    return network, list(train_classifier(network, data, recipe, seed=seed, **options))


def test_a_few_passes_over_the_digits_teach_them():
    network, records = trained(replace(DIGITS, epochs=8), load_data("digits"))
    assert not network.training
    assert accuracy(network, load_data("digits", "test")) > 0.9
    assert [record.step for record in records] == list(range(1, 8 * 12 + 1))
    assert records[-1].steps == 96 and records[-1].images == 8 * 1500
    assert DIGITS.peak >= max(record.learning_rate for record in records) > 0.95 * DIGITS.peak
    assert records[-1].learning_rate < 0.02 * DIGITS.peak


def test_the_seed_decides_everything():
    digits = load_data("digits")
    data = replace(digits, pixels=digits.pixels[:200], labels=digits.labels[:200])
    recipe = replace(DIGITS, epochs=2)
    losses = [[record.loss for record in trained(recipe, data, seed)[1]] for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]


def test_the_colour_recipe_runs_in_bfloat16():
    recipe = RECIPES["cifar10"]
    small = replace(recipe, config=replace(recipe.config, widths=(8, 16, 16)), epochs=2, batch=8)
    pixels = torch.randint(0, 256, (16, 3, 32, 32), dtype=torch.uint8)
    data = Data(pixels, torch.arange(16) % 10, tuple("0123456789"), {})
    _, records = trained(small, data, bf16=True)
    assert len(records) == 4 and all(math.isfinite(record.loss) for record in records)


def test_augmentation_of_nothing_is_nothing():
    still = replace(DIGITS, shift=0.0, turn=0.0, zoom=0.0)
    x = load_data("digits").images[:50]
    torch.testing.assert_close(augment(x, still, torch.Generator()), x, atol=1e-5, rtol=0)


def test_augmentation_moves_by_at_most_the_shift_and_fills_with_background():
    x = torch.full((200, 1, 9, 9), -1.0)
    x[:, :, 4, 4] = 1.0
    moved = augment(x, replace(DIGITS, shift=2.0, turn=0.0, zoom=0.0), torch.Generator().manual_seed(0))
    ink = moved[:, 0] + 1  # [200, 9, 9]
    places = torch.arange(9.0)
    row, column = ((ink.sum(other) * places).sum(1) / ink.sum((1, 2)) for other in (2, 1))
    for offset in (row - 4, column - 4):
        assert offset.abs().max() <= 2.0 + 1e-4 and offset.abs().max() > 1.8
        assert abs(offset.mean()) < 0.25
    ones = torch.ones(200, 1, 9, 9)
    assert augment(ones, replace(DIGITS, shift=4.0), torch.Generator())[:, :, [0, -1]].min() == -1.0


def test_augmentation_turns_without_shear(monkeypatch):
    """With every draw at its upper end the turn is exactly a quarter, which permutes a square image's pixels."""
    x = load_data("digits").images[:64]
    monkeypatch.setattr(torch, "rand", lambda *shape, generator: torch.ones(shape))
    turned = augment(x, replace(DIGITS, shift=0.0, turn=90.0, zoom=0.0), torch.Generator())
    assert min((turned - torch.rot90(x, k, (2, 3))).abs().max() for k in (1, 3)) < 1e-4


def test_flipped_images_are_mirror_images():
    x = load_data("digits").images[:64]
    mirror = replace(DIGITS, shift=0.0, turn=0.0, zoom=0.0, flip=True)
    y = augment(x, mirror, torch.Generator().manual_seed(0))
    kept, flipped = ((y - z).abs().amax((1, 2, 3)) < 1e-4 for z in (x, x.flip(3)))
    assert (kept | flipped).all() and 16 < flipped.sum() < 48
