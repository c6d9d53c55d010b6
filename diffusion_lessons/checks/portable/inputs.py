"""Fresh inputs for exercises, and functions of (x, t) that are handed to them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import Generator


def number(rng: Generator) -> float:
    """A number of size about 1, away from 0, so that a lost sign or factor shows."""
    return float(rng.choice([-1, 1]) * rng.uniform(0.5, 2.0))


def batch(rng: Generator) -> np.ndarray:
    """A small batch of small images, [3, 2, 2]: the first axis differs, so that a wrong broadcast shows."""
    return rng.standard_normal((3, 2, 2))


def level(rng: Generator) -> float:
    """An alpha_bar that is neither nearly 0 nor nearly 1."""
    return float(rng.uniform(0.15, 0.75))


def two_levels(rng: Generator) -> tuple[float, float]:
    """alpha_bar_t < alpha_bar_s: a noisy time and a cleaner one."""
    noisy = float(rng.uniform(0.1, 0.4))
    return noisy, float(rng.uniform(noisy + 0.2, 0.9))


def two_times(rng: Generator) -> tuple[float, float]:
    """t > s on a straight path, neither of them at its ends."""
    noisy = float(rng.uniform(0.6, 0.95))
    return noisy, float(rng.uniform(0.1, 0.4))


def noisy_step(rng: Generator, draw: Callable[[Generator], Any] = number) -> tuple[Any, Any, Any, float, float]:
    """x, eps and fresh noise z, as numbers or as what `draw` draws, and the two levels of a step."""
    return draw(rng), draw(rng), draw(rng), *two_levels(rng)


def guidance_scale(rng: Generator) -> float:
    """A scale that amplifies the condition."""
    return float(rng.uniform(1.5, 8.0))


def tensor(value: float | np.ndarray) -> torch.Tensor:
    """A number or an array as a double precision tensor with a batch axis, for calls of the library."""
    return torch.atleast_1d(torch.as_tensor(value, dtype=torch.float64))


@dataclass(frozen=True)
class Field:
    """dx/dt = a x + b t + c x t, written so that it takes numbers, arrays and tensors."""

    a: float
    b: float
    c: float

    def __call__(self, x, t):
        return self.a * x + self.b * t + self.c * x * t


@dataclass(frozen=True)
class Predictor:
    """A stand-in for a network: eps_hat = a x + b t / 10 + c, for x [B, ...] and t [B]."""

    a: float
    b: float
    c: float

    def __call__(self, x, t):
        rows = torch.as_tensor(t) if isinstance(x, torch.Tensor) else np.asarray(t)
        return self.a * x + self.b * rows.reshape(-1, *[1] * (x.ndim - 1)) / 10 + self.c


@dataclass(frozen=True)
class Oracle:
    """A network that reads the noise off x_t, which it can where all data are 0: x_t / sqrt(1 - alpha_bar_t)."""

    alpha_bar: np.ndarray

    def __call__(self, x, t):
        sigma = np.sqrt(1 - self.alpha_bar[np.asarray(t)])[:, None]
        return x / (torch.as_tensor(sigma) if isinstance(x, torch.Tensor) else sigma)


def field(rng: Generator) -> Field:
    return Field(*(number(rng) for _ in range(3)))


def predictor(rng: Generator) -> Predictor:
    return Predictor(*(number(rng) for _ in range(3)))
