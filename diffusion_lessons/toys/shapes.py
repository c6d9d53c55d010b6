"""The classic 2-D shapes as samplers: `moons(n)` gives points [n, 2] around the origin, about two units wide.

Each takes the number of points and a `generator=`, and adds a little Gaussian `noise`.
"""

import math

import torch
from torch import Tensor

from diffusion_lessons.toys.mixtures import check_draws


def moons(n: int, generator: torch.Generator | None = None, noise: float = 0.05) -> Tensor:
    """Two half circles, one hanging into the other."""
    angle, upper = math.pi * _uniform(n, generator), _uniform(n, generator) < 0.5
    x = torch.where(upper, angle.cos(), 1 - angle.cos())
    y = torch.where(upper, angle.sin(), 0.5 - angle.sin())
    return _finish(x - 0.5, y - 0.25, 1.4, noise, generator)


def swiss_roll(n: int, generator: torch.Generator | None = None, noise: float = 0.05) -> Tensor:
    """One and a half turns of a spiral, even in its angle."""
    angle = 1.5 * math.pi * (1 + 2 * _uniform(n, generator))
    return _finish(angle * angle.cos(), angle * angle.sin(), 0.15, noise, generator)


def rings(n: int, generator: torch.Generator | None = None, noise: float = 0.05) -> Tensor:
    """Two circles around one centre, of radius 0.7 and 1.7."""
    angle = 2 * math.pi * _uniform(n, generator)
    radius = torch.where(_uniform(n, generator) < 0.5, 0.7, 1.7)
    return _finish(radius * angle.cos(), radius * angle.sin(), 1.0, noise, generator)


def checkerboard(n: int, generator: torch.Generator | None = None, noise: float = 0.0) -> Tensor:
    """The dark squares of a 4 x 4 board."""
    x = 4 * _uniform(n, generator) - 2
    row = torch.randint(2, (n,), generator=generator) * 2 + x.floor() % 2  # 0..3, of the same parity as the column
    y = row + _uniform(n, generator) - 2
    return _finish(x, y, 0.85, noise, generator)


def spiral(n: int, generator: torch.Generator | None = None, noise: float = 0.03) -> Tensor:
    """Two arms of an Archimedean spiral, even in area."""
    radius = _uniform(n, generator).sqrt()
    angle = 3 * math.pi * radius + math.pi * torch.randint(2, (n,), generator=generator)
    return _finish(radius * angle.cos(), radius * angle.sin(), 2.0, noise, generator)


def _uniform(n: int, generator: torch.Generator | None) -> Tensor:
    check_draws(n, generator)
    return torch.rand(n, generator=generator)


def _finish(x: Tensor, y: Tensor, scale: float, noise: float, generator: torch.Generator | None) -> Tensor:
    points = scale * torch.stack([x, y], dim=1)  # [n, 2]
    return points + noise * torch.randn(points.shape, generator=generator) if noise > 0 else points
