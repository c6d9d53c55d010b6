"""The Fréchet distance against its closed form, a matrix root, and torchmetrics."""

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from diffusion_lessons.metrics.frechet import Moments, frechet_between, frechet_distance, frechet_weighted, moments
from tests.metrics.clouds import AsTheyAre, cloud


def test_frechet_of_gaussians_is_the_closed_form():
    # commuting covariances: |m|^2 + sum (s_1 - s_2)^2
    rotation = torch.linalg.qr(cloud(3, 3))[0]
    s1, s2, m = torch.tensor([1.0, 2.0, 0.5]).double(), torch.tensor([0.7, 1.0, 3.0]).double(), cloud(1, 3, 5)[0]
    one = Moments(torch.zeros(3).double(), rotation @ torch.diag(s1**2) @ rotation.T)
    two = Moments(m, rotation @ torch.diag(s2**2) @ rotation.T)
    expected = float(m @ m + ((s1 - s2) ** 2).sum())
    assert float(frechet_between(one, two)) == pytest.approx(expected, rel=1e-10)
    assert float(frechet_between(one, one)) == pytest.approx(0, abs=1e-10)


def test_frechet_of_the_formula_with_a_matrix_root():
    from scipy.linalg import sqrtm

    one, two = moments(cloud(50, 5, 1) @ cloud(5, 5, 2)), moments(cloud(60, 5, 3) @ cloud(5, 5, 4))
    root = sqrtm((one.covariance @ two.covariance).numpy()).real
    difference = (one.mean - two.mean).numpy()
    expected = difference @ difference + np.trace(one.covariance.numpy() + two.covariance.numpy() - 2 * root)
    assert float(frechet_between(one, two)) == pytest.approx(expected, rel=1e-8)


def test_parity_with_torchmetrics_on_the_same_features():
    real, fake = cloud(400, 8, 0), cloud(300, 8, 1, shift=0.3, scale=1.2)
    theirs = FrechetInceptionDistance(feature=AsTheyAre()).set_dtype(torch.float64)
    theirs.update(real, real=True), theirs.update(fake, real=False)
    assert frechet_distance(real, fake) == pytest.approx(float(theirs.compute()), rel=1e-3)


def test_one_dimension_far_from_0_and_features_of_rank_one():
    """Closed forms: (m_1 - m_2)^2 + (s_1 - s_2)^2, wherever the features lie and however few directions they fill."""
    x = torch.randn(500, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = 2 * torch.randn(500, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64) + 1
    expected = float((x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(1e6 + x, 1e6 + y) == pytest.approx(expected, rel=1e-5)
    direction = torch.tensor([[0.6, 0.8, 0.0]], dtype=torch.float64)
    assert frechet_distance(x @ direction, y @ direction) == pytest.approx(expected, abs=1e-6)
    assert frechet_distance(x @ direction, x @ direction) == pytest.approx(0, abs=1e-6)
    weighted = frechet_weighted(moments(1e6 + x), 1e6 + y, torch.ones(500, 1, dtype=torch.float64))
    assert float(weighted) == pytest.approx(expected, rel=1e-5)


def test_weights_count_samples_several_times():
    x, y = (torch.randn(400, 3, generator=torch.Generator().manual_seed(s), dtype=torch.float64) for s in (0, 1))
    weights = torch.ones(400, 2, dtype=torch.float64)
    weights[:150, 1] = 0
    found = frechet_weighted(moments(x), y, weights)
    assert float(found[0]) == pytest.approx(frechet_distance(x, y))
    assert float(found[1]) == pytest.approx(frechet_distance(x, y[150:]))
