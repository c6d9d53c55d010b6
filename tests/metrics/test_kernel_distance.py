"""The kernel distance against torchmetrics, and without bias."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import KernelInceptionDistance

from diffusion_lessons.metrics.kernel_distance import kernel_distance
from tests.metrics.clouds import AsTheyAre, cloud


def test_kernel_distance_agrees_with_torchmetrics():
    real, fake = cloud(300, 8, 0), cloud(300, 8, 1, shift=0.3, scale=1.2)
    theirs = KernelInceptionDistance(feature=AsTheyAre(), subsets=1, subset_size=300).set_dtype(torch.float64)
    theirs.update(real, real=True), theirs.update(fake, real=False)
    assert kernel_distance(real, fake) == pytest.approx(float(theirs.compute()[0]), rel=1e-3)


def test_the_kernel_distance_is_unbiased():
    values = [kernel_distance(cloud(20, 16, 2 * i), cloud(20, 16, 2 * i + 1)) for i in range(200)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(200) and min(values) < 0


def test_sets_with_exact_shares_of_classes_score_below_zero_by_as_much_as_their_pairs_say():
    """It is without bias for random sets. In sets of exact shares, pairs of one class are rarer within than across."""
    n, classes = 200, 10
    points = torch.eye(classes, dtype=torch.float64).repeat(n // classes, 1)  # each class in one place: k is 1.331 or 1
    alike, unlike = (1 / classes + 1) ** 3, 1.0
    rarer = 1 / classes - (n // classes - 1) / (n - 1)
    assert kernel_distance(points, points.flip(0)) == pytest.approx(-2 * rarer * (alike - unlike), rel=1e-9)
