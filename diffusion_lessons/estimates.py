"""What a denoiser estimates from x_t, and how that follows from each of the four things that a network may predict."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.path import Path


class Estimate(NamedTuple):
    """The clean sample and the noise estimated from x_t: x_t = alpha_t x0 + sigma_t eps, unless x0 alone was clipped.

    The four constructors make it from x [B, ...] and one prediction, shaped like x; t is a float or a tensor [B].
    """

    x0: Tensor
    eps: Tensor

    @classmethod
    def from_eps(cls, x: Tensor, eps: Tensor, path: Path, t: float | Tensor) -> "Estimate":
        """x_0 = (x - sigma eps) / alpha."""
        alpha, sigma = path.scales(t, x)
        return cls(_less(x, sigma, eps) / alpha, eps)

    @classmethod
    def from_x0(cls, x: Tensor, x0: Tensor, path: Path, t: float | Tensor) -> "Estimate":
        """eps = (x - alpha x_0) / sigma."""
        alpha, sigma = path.scales(t, x)
        return cls(x0, (x - alpha * x0) / sigma)

    @classmethod
    def from_v(cls, x: Tensor, v: Tensor, path: Path, t: float | Tensor) -> "Estimate":
        """v = alpha eps - sigma x_0 and x = alpha x_0 + sigma eps, solved for both; the norm is 1 on a VP path only.

        x_0 = (alpha x - sigma v) / (alpha^2 + sigma^2),   eps = (sigma x + alpha v) / (alpha^2 + sigma^2)
        """
        alpha, sigma = path.scales(t, x)
        norm = alpha * alpha + sigma * sigma
        return cls((alpha * x - sigma * v) / norm, (sigma * x + alpha * v) / norm)

    @classmethod
    def from_velocity(cls, x: Tensor, u: Tensor, path: Path, t: float | Tensor) -> "Estimate":
        """x_0 = x - sigma u, eps = x + alpha u, for u = eps - x_0 on a flow path, whose alpha + sigma = 1."""
        alpha, sigma = path.scales(t, x)
        return cls(_less(x, sigma, u), _less(x, -alpha, u))


def _less(x: Tensor, scale: float | Tensor, y: Tensor) -> Tensor:
    """x - scale y; in one pass over memory where the scale is a number.

    The pass that it saves is a twelfth of a DDIM step around a network that costs nothing (`benchmarks/samplers.py`:
    2.6 of 33 microseconds on [16, 1, 28, 28]), and every sampler pays it at every step.
    """
    return x - scale * y if isinstance(scale, Tensor) else torch.sub(x, y, alpha=scale)


def score(estimate: Estimate, path: Path, t: float | Tensor) -> Tensor:
    """The score that an estimate of x at t stands for, grad log p_t(x) = -eps_hat / sigma_t; [B, ...], sigma_t > 0.

    By Tweedie's formula it is exact where eps_hat is the mean of the noise given x_t: the direction in which p_t grows
    fastest is the one that takes the expected noise away.
    """
    return -estimate.eps / path.scales(t, estimate.eps)[1]


ESTIMATES: dict[str, Callable[[Tensor, Tensor, Path, float | Tensor], Estimate]] = {
    "eps": Estimate.from_eps,
    "x0": Estimate.from_x0,
    "v": Estimate.from_v,
    "velocity": Estimate.from_velocity,
}


def target(predicts: str, x0: Tensor, eps: Tensor, path: Path, t: float | Tensor) -> Tensor:
    """What a network of this prediction type should predict at x_t = alpha x0 + sigma eps: the target of training."""
    check_prediction_type(predicts, path)
    return target_at(predicts, x0, eps, *path.scales(t, x0))


def target_at(predicts: str, x0: Tensor, eps: Tensor, alpha: float | Tensor, sigma: float | Tensor) -> Tensor:
    """`target` where alpha_t and sigma_t are known already: numbers, or [B, 1, ...] beside x0 and eps [B, ...]."""
    if predicts == "v":
        return alpha * eps - sigma * x0
    return {"eps": eps, "x0": x0, "velocity": eps - x0}[predicts]


def error_in_eps(predicts: str, path: Path, t: float | Tensor) -> float | Tensor:
    """How many times the squared error of the prediction the squared error of eps is, at time t.

        eps: 1    x0: alpha^2 / sigma^2    v: alpha^2 / (alpha^2 + sigma^2)^2    velocity: alpha^2

    This puts errors into one unit: how wrong a denoiser is does not depend on the quantity that its network predicts.
    """
    alpha2, sigma2 = path.alpha(t) ** 2, path.sigma(t) ** 2
    if predicts == "eps":
        return 1.0
    return {"x0": alpha2 / sigma2, "v": alpha2 / (alpha2 + sigma2) ** 2, "velocity": alpha2}[predicts]


def check_prediction_type(predicts: str, path: Path) -> None:
    """Raise a ValueError for an unknown prediction type, and for a velocity on any path but the flow path."""
    if not isinstance(predicts, str) or predicts not in ESTIMATES:
        raise ValueError(f"unknown prediction type {predicts!r}; the types are {', '.join(ESTIMATES)}")
    if predicts == "velocity" and path.card["path"] != "flow":
        raise ValueError(f'predicts="velocity" is for flow paths; on {path} use "v", "eps" or "x0"')
