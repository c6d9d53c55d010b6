"""A whole set in a few numbers gives the figures that all of its images would."""

import pytest
import torch

from diffusion_lessons.metrics.adherence import class_variance, contrast, out_of_range
from diffusion_lessons.metrics.samples import Features, Population, population, values_of
from diffusion_lessons.metrics.scores import Score, evaluate_values
from tests.metrics.clouds import cloud


def test_the_variance_within_classes_follows_from_moments_and_class_means():
    labels = torch.arange(600) % 3 + (torch.arange(600) % 3 == 2)  # of five classes two are empty
    x = 1e5 + cloud(600, 4) + 7 * labels[:, None]
    whole = population(x, labels, classes=5)
    assert whole.counts.tolist() == [200, 200, 0, 200, 0]
    assert whole.class_variance == pytest.approx(class_variance(x, labels), rel=1e-5)
    assert whole.class_variance == pytest.approx(4, rel=0.15)  # four features of variance 1
    pooled = sum(199 * x[labels == c].var(dim=0).sum() for c in (0, 1, 3)) / (3 * 199)
    assert class_variance(x, labels) == pytest.approx(float(pooled), rel=1e-6)
    with pytest.raises(ValueError, match="without classes"):
        _ = population(x).class_variance


def test_rows_of_a_set_keep_the_whole():
    x, labels = cloud(100, 3), torch.arange(100) % 2
    some = Features(x, labels, whole=population(x, labels)).rows(torch.arange(10))
    assert len(some.features) == len(some.labels) == 10 and some.predicted is None
    assert some.counts.tolist() == [50, 50] and torch.equal(some.moments.mean, x.mean(dim=0))
    assert Features(x, labels).rows(torch.arange(10)).counts.tolist() == [5, 5]
    assert Features(x).counts is None


def test_three_numbers_of_each_sample_give_excess_and_contrast():
    x = 1.2 * torch.randn(200, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    scores = evaluate_values(Features(cloud(200), values=values_of(x)), real_std=0.7)
    assert scores["excess"].value == pytest.approx(out_of_range(x), rel=1e-5)
    assert scores["contrast"].value == pytest.approx(contrast(x, 0.7), rel=1e-5)
    assert (
        isinstance(scores["excess"], Score) and scores["excess"].spread > 0 and len(scores["excess"].replicates) == 25
    )
    assert evaluate_values(Features(cloud(200)), 0.7) == {}


def test_a_whole_set_is_read_back_as_it_was_stored():
    labels = torch.arange(60) % 3
    whole = population(cloud(60, 4), labels, classes=3)
    stored = {f"train_{name}": part for name, part in whole.tensors().items()}
    for part, back in zip(whole, Population.from_tensors(stored, "train_"), strict=True):
        assert part.dtype == back.dtype
        torch.testing.assert_close(part, back, rtol=1e-6, atol=1e-6)
