"""Metrics against closed forms, an independent implementation, and clouds whose answer is known."""

import numpy as np
import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from diffusion_lessons.metrics import adherence
from diffusion_lessons.metrics import scores as metrics
from diffusion_lessons.metrics.frechet import Moments, frechet_between, frechet_distance, moments
from diffusion_lessons.metrics.scores import Features, evaluate


def cloud(n, d=4, seed=0, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class AsTheyAre(nn.Module):
    """Features that are their own features, for torchmetrics."""

    num_features = 8

    def forward(self, x):
        return x.flatten(1)


def test_frechet_of_gaussians_is_the_closed_form():
    # commuting covariances: |m|^2 + sum (s_1 - s_2)^2
    rotation = torch.linalg.qr(cloud(3, 3))[0]
    s1, s2, m = torch.tensor([1.0, 2.0, 0.5]).double(), torch.tensor([0.7, 1.0, 3.0]).double(), cloud(1, 3, 5)[0]
    one = Moments(torch.zeros(3).double(), rotation @ torch.diag(s1**2) @ rotation.T)
    two = Moments(m, rotation @ torch.diag(s2**2) @ rotation.T)
    expected = float(m @ m + ((s1 - s2) ** 2).sum())
    assert frechet_between(one, two) == pytest.approx(expected, rel=1e-10)
    assert frechet_between(one, one) == pytest.approx(0, abs=1e-10)


def test_frechet_of_the_formula_with_a_matrix_root():
    from scipy.linalg import sqrtm

    one, two = moments(cloud(50, 5, 1) @ cloud(5, 5, 2)), moments(cloud(60, 5, 3) @ cloud(5, 5, 4))
    root = sqrtm((one.covariance @ two.covariance).numpy()).real
    difference = (one.mean - two.mean).numpy()
    expected = difference @ difference + np.trace(one.covariance.numpy() + two.covariance.numpy() - 2 * root)
    assert frechet_between(one, two) == pytest.approx(expected, rel=1e-8)


def test_parity_with_torchmetrics_on_the_same_features():
    real, fake = cloud(400, 8, 0), cloud(300, 8, 1, shift=0.3, scale=1.2)
    theirs = FrechetInceptionDistance(feature=AsTheyAre()).set_dtype(torch.float64)
    theirs.update(real, real=True), theirs.update(fake, real=False)
    assert frechet_distance(real, fake) == pytest.approx(float(theirs.compute()), rel=1e-3)
    kernel = KernelInceptionDistance(feature=AsTheyAre(), subsets=1, subset_size=300).set_dtype(torch.float64)
    kernel.update(real[:300], real=True), kernel.update(fake, real=False)
    assert metrics.kernel_distance(real[:300], fake) == pytest.approx(float(kernel.compute()[0]), rel=1e-3)


def test_frechet_is_biased_at_few_samples_and_the_floor_says_by_how_much():
    train, held_out = Features(cloud(4000, 16, 0)), Features(cloud(4000, 16, 1))
    few, many = (evaluate(["frechet"], Features(cloud(n, 16, 2)), train, held_out)["frechet"] for n in (60, 2000))
    assert few.value > 10 * many.value  # the same distribution, and yet
    for score in (few, many):
        assert abs(score.value - score.floor) < 4 * score.floor_spread


def test_the_kernel_distance_is_unbiased():
    values = [metrics.kernel_distance(cloud(20, 16, 2 * i), cloud(20, 16, 2 * i + 1)) for i in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200) and min(values) < 0


def test_precision_falls_with_outliers_and_recall_with_missing_modes():
    left, right = cloud(200, 2, 0, scale=0.1), cloud(200, 2, 1, shift=10.0, scale=0.1)
    both = torch.cat([left, right])
    dropped = torch.cat([cloud(200, 2, 2, scale=0.1), cloud(200, 2, 3, scale=0.1)])
    precision, recall = metrics.precision_recall(both, dropped)
    assert precision > 0.85 and 0.3 < recall < 0.55  # half of the modes is gone
    invented = torch.cat([cloud(200, 2, 2, scale=0.1), cloud(200, 2, 3, shift=-10.0, scale=0.1)])
    assert 0.3 < metrics.precision_recall(both, invented).precision < 0.55
    assert 0.3 < metrics.density_coverage(both, dropped).coverage < 0.55
    outlier = both.clone()
    outlier[0] = 1000.0  # its ball holds everything: recall and coverage differ in what they make of it
    far = cloud(400, 2, 4, shift=50.0)
    assert metrics.precision_recall(outlier, far).precision == 1.0
    assert metrics.density_coverage(outlier, far).density < 0.5


def test_adherence_diversity_and_saturation():
    asked = torch.tensor([0, 1, 2, 2])
    assert metrics.adherence(torch.tensor([0, 1, 2, 0]), asked) == 0.75
    features = torch.tensor([[0.0], [2.0], [10.0], [14.0]])
    assert metrics.diversity(features, torch.tensor([0, 0, 1, 1])) == pytest.approx(3.0)
    x = torch.tensor([[[[1.5, -1.0]]], [[[0.0, -3.0]]]])
    assert adherence.out_of_range(x) == pytest.approx((0.5 + 2.0) / 4)
    assert adherence.contrast(torch.tensor([[-3.0], [3.0]]), 1.5) == pytest.approx(2.0)


def test_the_spread_is_what_new_samples_would_give():
    train, held_out = Features(cloud(2000, 3, 0)), Features(cloud(2000, 3, 1))
    scores = [
        evaluate(["frechet"], Features(cloud(300, 3, 10 + i, shift=0.5)), train, held_out, seed=i)["frechet"]
        for i in range(30)
    ]
    between = np.std([score.value for score in scores])
    within = np.mean([score.spread for score in scores])
    assert 0.6 < within / between < 1.6


def test_every_metric_gives_real_images_their_floor():
    labels = torch.arange(400) % 4
    sets = [Features(cloud(400, 4, seed) + labels[:, None], labels, labels) for seed in (0, 1, 2)]
    scores = evaluate(metrics.METRICS, sets[0].rows(torch.arange(300)), sets[1], sets[2], draws=6)
    assert set(scores) == set(metrics.METRICS)
    for name, score in scores.items():
        assert score.n == 300
        assert abs(score.value - score.floor) <= 6 * max(score.spread, score.floor_spread), name


def test_a_floor_is_computed_once_and_changes_nothing():
    train, held_out, *both = (Features(cloud(200, 3, seed)) for seed in range(4))
    known = {}
    kept = [evaluate(["frechet", "recall"], each, train, held_out, draws=4, floors=known) for each in both]
    assert kept == [evaluate(["frechet", "recall"], each, train, held_out, draws=4) for each in both]
    assert list(known) == [("frechet", 200, 4, 0), ("recall", 200, 4, 0)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(cloud(64, 64), cloud(64, 64)), "64 samples in 64 features.*singular.*at least 65"),
        (lambda: frechet_distance(cloud(9, 2), cloud(9, 2) / 0), "9 of 9 samples hold NaN"),
        (lambda: frechet_distance(cloud(9, 2), cloud(9, 3)), "2 and 3 dimensions"),
        (lambda: metrics.metric_named("fid"), "unknown metric 'fid'; the metrics are frechet"),
        (lambda: metrics.precision_recall(cloud(9), cloud(8)), "9 real and 8 generated.*equal counts"),
        (lambda: metrics.precision_recall(cloud(3), cloud(3)), "no 3-th neighbour"),
        (lambda: evaluate(["kernel"], *(Features(cloud(n)) for n in (9, 9, 5))), "compare at most 5"),
        (lambda: evaluate(["frechet"], *(Features(cloud(9)) for _ in range(3))), "at least 10 samples"),
        (lambda: evaluate(["adherence"], *(Features(cloud(9)) for _ in range(3))), "adherence needs the labels"),
        (lambda: metrics.diversity(cloud(2), torch.tensor([0, 1])), "no class has two samples"),
    ],
)
def test_what_cannot_be_measured_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
