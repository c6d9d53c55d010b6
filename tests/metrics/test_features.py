"""The classifiers that ship: as accurate as their cards say, and the features beside them are theirs."""

import os
from pathlib import Path

import pytest
import torch

from diffusion_lessons import load
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics.features import classifier, features, probabilities, reference
from diffusion_lessons.training.classifier import accuracy, load_classifier

NAMES = ["digits", "mnist", "cifar10"]
MNIST_AT_HAND = Path(os.environ.get("DIFFUSION_LESSONS_DATA", "absent"), "MNIST").is_dir()


@pytest.mark.parametrize(
    ("name", "counts", "floor"),
    [("digits", (1500, 297), 0.985), ("mnist", (10_000, 10_000), 0.992), ("cifar10", (10_000, 10_000), 0.88)],
)
def test_the_shipped_features_are_classified_as_the_card_says(name, counts, floor):
    card = classifier(name).card
    for split, count in zip(("train", "test"), counts, strict=True):
        known, labels, whole = reference(name, split)
        assert (whole is None) == (split == "test")
        assert known.shape == (count, 64) and known.dtype == torch.float32 and labels.dtype == torch.int64
        chances = probabilities(known, name)
        torch.testing.assert_close(chances.sum(dim=1), torch.ones(count))
        right = (chances.argmax(dim=1) == labels).float().mean().item()
        assert right >= floor
        if split == "test":  # all test images: stored in float16, at most one decision may tip
            assert right == pytest.approx(card["evaluation"]["test_accuracy"], abs=1.5 / count)


def test_the_digits_in_the_package_give_the_shipped_features():
    data = load_data("digits", "test")
    known, labels, _ = reference("digits", "test")
    order = torch.randperm(297, generator=torch.Generator().manual_seed(0))
    assert torch.equal(data.labels[order], labels)
    torch.testing.assert_close(features(data.images[order], "digits"), known, rtol=2e-3, atol=2e-3)
    assert (
        accuracy(load_classifier("digits-classifier"), data) == classifier("digits").card["evaluation"]["test_accuracy"]
    )


@pytest.mark.skipif(not MNIST_AT_HAND, reason="MNIST is not at hand")
def test_mnist_gives_the_shipped_features():
    data = load_data("mnist", "test", download=False)
    order = torch.randperm(10_000, generator=torch.Generator().manual_seed(0))[:500]
    known = reference("mnist", "test").features[:500]
    torch.testing.assert_close(features(data.batch(order)[0]), known, rtol=2e-3, atol=2e-3)


def test_features_do_not_depend_on_the_batch():
    images = load_data("digits", "test").images[:20]
    torch.testing.assert_close(features(images, "digits", batch=7), features(images, "digits"))


@pytest.mark.parametrize("name", NAMES)
def test_shipped_files_are_small_and_say_where_they_come_from(name):
    file = cards.find(f"{name}-classifier")
    assert file.stat().st_size < 3_000_000
    assert cards.find(f"{name}-features").stat().st_size < 4_000_000  # with 16 bytes for each training image
    card = cards.read_card(file)
    needed = {"architecture", "data", "command", "seed", "versions", "device", "training_seconds", "images_seen"}
    assert needed <= set(card) and card["data"]["licence"]


def test_bad_images_are_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"shape \[5, 1, 28, 28\] given to the digits classifier, which takes"):
        features(torch.zeros(5, 1, 28, 28), "digits")
    images = torch.zeros(5, 1, 8, 8)
    images[1:3, 0, 0, 0] = torch.tensor([float("nan"), float("inf")])
    with pytest.raises(ValueError, match="2 of 5 images hold NaN or infinity"):
        features(images, "digits")
    with pytest.raises(FileNotFoundError, match="no checkpoint 'cats-classifier'"):
        features(images, "cats")
    with pytest.raises(ValueError, match="neither 'train' nor 'test'"):
        reference("digits", "all")


def test_a_classifier_is_no_denoiser_and_features_are_no_classifier():
    with pytest.raises(ValueError, match="says nothing of path, predicts"):
        load("digits-classifier")
    with pytest.raises(ValueError, match="says nothing of architecture"):
        load_classifier("digits-features")
