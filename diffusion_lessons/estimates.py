"""What a denoiser sees in x_t, and how it follows from each of the four things that a network may predict."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.path import Path, match


class Estimate(NamedTuple):
    """The clean sample and the noise seen in x_t: x_t = alpha_t x0 + sigma_t eps, unless x0 was clipped alone."""

    x0: Tensor
    eps: Tensor


def _less(x, scale, y):
    """x - scale y, in one pass over memory where the scale is a number: every sampler pays this at every step."""
    return x - scale * y if isinstance(scale, Tensor) else torch.sub(x, y, alpha=scale)


def _from_eps(x, eps, alpha, sigma):
    return Estimate(_less(x, sigma, eps) / alpha, eps)


def _from_x0(x, x0, alpha, sigma):
    return Estimate(x0, _less(x, alpha, x0) / sigma)


def _from_v(x, v, alpha, sigma):
    # v = alpha eps - sigma x_0 and x = alpha x_0 + sigma eps, solved for both; the norm is 1 on a VP path only
    norm = alpha * alpha + sigma * sigma
    return Estimate((alpha * x - sigma * v) / norm, (sigma * x + alpha * v) / norm)


def _from_velocity(x, u, alpha, sigma):
    # u = eps - x_0 on a flow path, whose alpha + sigma = 1
    return Estimate(_less(x, sigma, u), _less(x, -alpha, u))


ESTIMATES: dict[str, Callable[..., Estimate]] = {
    "eps": _from_eps,
    "x0": _from_x0,
    "v": _from_v,
    "velocity": _from_velocity,
}


def target(predicts: str, x0: Tensor, eps: Tensor, path: Path, t: float | Tensor) -> Tensor:
    """What a network of this prediction type should answer at x_t = alpha x0 + sigma eps: what training aims at."""
    check_prediction_type(predicts, path)
    if predicts == "v":
        return match(path.alpha(t), x0) * eps - match(path.sigma(t), x0) * x0
    return {"eps": eps, "x0": x0, "velocity": eps - x0}[predicts]


def check_prediction_type(predicts: str, path: Path) -> None:
    if predicts not in ESTIMATES:
        raise ValueError(f"unknown prediction type {predicts!r}; the types are {', '.join(ESTIMATES)}")
    if predicts == "velocity" and path.card["path"] != "flow":
        raise ValueError(f'predicts="velocity" is for flow paths; on {path} use "v", "eps" or "x0"')
