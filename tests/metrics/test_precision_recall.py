"""Precision and recall, density and coverage, on clouds whose modes are known."""

import torch

from diffusion_lessons.metrics.precision_recall import density_coverage, precision_recall
from tests.metrics.clouds import cloud


def test_precision_falls_with_outliers_and_recall_with_missing_modes():
    left, right = cloud(200, 2, 0, scale=0.1), cloud(200, 2, 1, shift=10.0, scale=0.1)
    both = torch.cat([left, right])
    dropped = torch.cat([cloud(200, 2, 2, scale=0.1), cloud(200, 2, 3, scale=0.1)])
    precision, recall = precision_recall(both, dropped)
    assert precision > 0.85 and 0.3 < recall < 0.55  # half of the modes is gone
    invented = torch.cat([cloud(200, 2, 2, scale=0.1), cloud(200, 2, 3, shift=-10.0, scale=0.1)])
    assert 0.3 < precision_recall(both, invented).precision < 0.55
    assert 0.3 < density_coverage(both, dropped).coverage < 0.55
    outlier = both.clone()
    outlier[0] = 1000.0  # its ball holds everything: recall and coverage differ in what they make of it
    far = cloud(400, 2, 4, shift=50.0)
    assert precision_recall(outlier, far).precision == 1.0
    assert density_coverage(outlier, far).density < 0.5
