"""The 2-D shapes: seeded points of order one, around the origin."""

import pytest
import torch

from diffusion_lessons.toys import shapes


@pytest.mark.parametrize("name", ["moons", "swiss_roll", "rings", "checkerboard", "spiral"])
def test_shapes_are_seeded_points_of_order_one(name):
    shape = getattr(shapes, name)
    points = shape(2000, torch.Generator().manual_seed(0))
    assert points.shape == (2000, 2) and torch.equal(points, shape(2000, torch.Generator().manual_seed(0)))
    assert points.mean(0).abs().max() < 0.4 and points.std(0).min() > 0.5 and points.abs().max() < 3
