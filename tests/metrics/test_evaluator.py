"""Real images as what samples are measured against: their labels, their features, and points that are their own."""

import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics.evaluator import of_images
from tests.benchmark.made import of_points


def test_labels_are_as_frequent_as_among_real_images():
    evaluator = of_images("digits")
    real = evaluator.train.labels.bincount(minlength=10) / len(evaluator.train.labels)
    asked = evaluator.labels(20_000, seed=0)
    torch.testing.assert_close(asked.bincount(minlength=10) / 20_000, real, rtol=0, atol=0.01)
    assert torch.equal(asked, evaluator.labels(20_000, seed=0))
    assert not torch.equal(asked, evaluator.labels(20_000, seed=1))


def test_images_are_seen_as_the_held_out_ones_were():
    evaluator, data = of_images("digits"), load_data("digits", "test")
    seen = evaluator.features_of(3 * data.images, data.labels)  # what leaves [-1, 1] is clipped, as in a picture
    clipped = evaluator.features_of((3 * data.images).clamp(-1, 1), data.labels)
    assert torch.equal(seen.features, clipped.features) and torch.equal(seen.labels, data.labels)
    assert evaluator.features_of(data.images, data.labels).features.shape == evaluator.held_out.features.shape
    assert (evaluator.held_out.predicted == evaluator.held_out.labels).float().mean() > 0.98
    assert evaluator.name == "digits features"
    assert evaluator.sha256 == cards.read_card("digits-classifier")["sha256"]


def test_points_are_their_own_features_and_have_no_labels():
    train, held_out = torch.randn(2, 30, 2, generator=torch.Generator().manual_seed(0))
    evaluator = of_points(train, held_out)
    assert torch.equal(evaluator.train.features, train) and torch.equal(evaluator.held_out.features, held_out)
    assert evaluator.labels(5, seed=0) is None
    assert torch.equal(evaluator.features_of(held_out, None).features, held_out)
