"""Precision and recall, density and coverage, on clouds whose modes are known."""

import pytest
import torch

from diffusion_lessons.metrics.precision_recall import (
    density_coverage,
    density_coverage_weighted,
    precision_recall,
    precision_recall_weighted,
    radii,
)
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


def test_far_from_0_near_neighbours_keep_their_distances():
    x, y = (torch.randn(200, 4, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    near, far = (precision_recall(shift + x.double(), shift + y.double()) for shift in (0.0, 1e5))
    assert near == far
    torch.testing.assert_close(radii(1e5 + x.double(), 3), radii(x.double(), 3), rtol=1e-6, atol=1e-9)


def test_weights_of_0_leave_samples_and_their_balls_out():
    x, y = (torch.randn(120, 3, generator=torch.Generator().manual_seed(s)) for s in (0, 1))
    weights = torch.ones(120, 2, dtype=torch.float64)
    weights[40:, 1] = 0  # most neighbours of the others go, and the balls of these stay as wide
    precision, recall = precision_recall_weighted(x, y, weights)
    assert (float(precision[0]), float(recall[0])) == precision_recall(x, y)
    balls = torch.cdist(x.double(), y[:40].double()) <= radii(y, 3)[:40]
    assert float(recall[1]) == pytest.approx(float(balls.any(dim=1).double().mean()))
    density, coverage = density_coverage_weighted(x, y, weights)
    assert (float(density[0]), float(coverage[0])) == density_coverage(x, y)
    inside = torch.cdist(x.double(), y[:40].double()) <= radii(x, 5)[:, None]
    assert float(coverage[1]) == pytest.approx(float(inside.any(dim=1).double().mean()))
