"""Each shape lies on the curve, or in the squares, that it is named after."""

import math

import pytest
import torch

from diffusion_lessons.toys import shapes

N = 4000


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [shapes.moons, shapes.swiss_roll, shapes.rings, shapes.checkerboard, shapes.spiral])
def test_points_around_the_origin_that_a_seed_decides(shape):
    points = shape(N, generator=seeded())
    assert points.shape == (N, 2) and points.mean(dim=0).abs().max() < 0.4 and points.abs().max() < 3
    assert torch.equal(points, shape(N, generator=seeded())) and not torch.equal(points, shape(N, generator=seeded(1)))
    blurred = shape(N, generator=seeded(), noise=0.2) - shape(N, generator=seeded(), noise=0.0)
    assert blurred.std().item() == pytest.approx(0.2, rel=0.05)


def test_moons_are_two_half_circles():
    x, y = (shapes.moons(N, seeded(), noise=0.0) / 1.4 + torch.tensor([0.5, 0.25])).T
    upper = ((x**2 + y**2 - 1).abs() < 1e-4) & (y > -1e-4)
    lower = (((x - 1) ** 2 + (y - 0.5) ** 2 - 1).abs() < 1e-4) & (y < 0.5 + 1e-4)
    assert (upper | lower).all() and 0.45 < upper.float().mean() < 0.55


def test_rings_have_two_radii():
    radius = shapes.rings(N, seeded(), noise=0.0).norm(dim=1)
    assert sorted({round(value, 3) for value in radius.tolist()}) == [0.7, 1.7]


def test_a_swiss_rolls_radius_grows_with_its_angle():
    x, y = (shapes.swiss_roll(N, seeded(), noise=0.0) / 0.15).T
    radius = (x**2 + y**2).sqrt()
    assert radius.min() >= 1.5 * math.pi and radius.max() <= 4.5 * math.pi
    torch.testing.assert_close(radius * radius.cos(), x, rtol=0, atol=1e-4)


def test_a_spiral_has_two_arms_that_are_even_in_area():
    x, y = (shapes.spiral(N, seeded(), noise=0.0) / 2).T
    radius = (x**2 + y**2).sqrt()
    turned = 3 * math.pi * radius
    along = x * turned.cos() + y * turned.sin()  # +radius on one arm, -radius on the other
    torch.testing.assert_close(along.abs(), radius, rtol=0, atol=1e-4)
    assert 0.45 < (along > 0).float().mean() < 0.55
    assert (radius < 0.5).float().mean().item() == pytest.approx(0.25, abs=0.03)


def test_a_checkerboard_fills_its_dark_squares_evenly():
    column, row = (shapes.checkerboard(N, seeded()) / 0.85 + 2).floor().long().T
    assert ((column + row) % 2 == 0).all()
    counts = torch.bincount(4 * row + column, minlength=16)
    assert (counts > 0).sum() == 8 and counts[counts > 0].float().std() < 0.15 * N / 8
