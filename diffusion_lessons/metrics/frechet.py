"""The Fréchet distance: how far apart are two sets of features, each described by one Gaussian?

    d^2 = |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))

the squared 2-Wasserstein distance between N(m_1, C_1) and N(m_2, C_2) (Dowson and Landau 1982). With features of one
particular Inception network it is called FID (Heusel et al. 2017); with any others it must not be: say "Fréchet
distance (MNIST features)".

It is biased: the estimate from few samples is too large, by about the same amount for real images as for generated
ones. Compare distances at equal sample counts only, and with the distance of real images at that count, the floor.
"""

from typing import NamedTuple

import torch
from torch import Tensor

ROWS = 500  # whose outer products are held at a time


class Moments(NamedTuple):
    """Mean [d] and covariance [d, d] of features, in double precision."""

    mean: Tensor
    covariance: Tensor


def moments(features: Tensor) -> Moments:
    """Mean and unbiased covariance of features [n, d].

    Raises ValueError for features that are not finite, and for n <= d, where the covariance is singular.
    """
    features = check_features(features).cpu().double()  # MPS has no double precision
    n, d = features.shape
    if n <= d:
        raise ValueError(
            f"{n} samples in {d} features: their covariance is singular, and the distance would say nothing. Use at "
            f"least {d + 1} samples, better {10 * d}, or the kernel distance, which needs no covariance"
        )
    mean = features.mean(dim=0)
    centred = features - mean  # before squaring: far from 0 the digits would be lost
    return Moments(mean, centred.T @ centred / (n - 1))


def frechet_between(first: Moments, second: Moments) -> Tensor:
    """d^2 between two Gaussians; or from one to many, whose moments are [..., d] and [..., d, d].

    C_1 C_2 is not symmetric, but has the eigenvalues of the symmetric C_1^(1/2) C_2 C_1^(1/2), and the trace of the
    root is the sum of their roots.
    """
    values, axes = torch.linalg.eigh(first.covariance)
    root = axes * values.clamp(min=0).sqrt() @ axes.T  # C_1^(1/2)
    eigenvalues = torch.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = eigenvalues.clamp(min=0).sqrt().sum(dim=-1)  # rounding can push a zero below 0
    traces = first.covariance.trace() + second.covariance.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    return (first.mean - second.mean).square().sum(dim=-1) + traces - 2 * overlap


def frechet_distance(real: Tensor | Moments, generated: Tensor | Moments) -> float:
    """d^2 between two sets of features, [n, d] and [m, d] (or their `moments`, to compute those once)."""
    first, second = (s if isinstance(s, Moments) else moments(s) for s in (real, generated))
    _same_dimensions(first, second)
    return max(float(frechet_between(first, second)), 0.0)


def frechet_weighted(real: Moments, generated: Tensor, weights: Tensor) -> Tensor:
    """d^2 of the samples [n, d] under each column of weights [n, R]; [R]."""
    first = moments(generated)  # checks them
    _same_dimensions(real, first)
    centred = generated.cpu().double() - first.mean
    weights = weights / weights.sum(dim=0)
    means = weights.T @ centred
    squares = torch.zeros(weights.shape[1], centred.shape[1] ** 2, dtype=torch.float64)
    for x, w in zip(centred.split(ROWS), weights.split(ROWS), strict=True):
        squares += w.T @ (x[:, :, None] * x[:, None, :]).flatten(1)  # E x x^T under each column
    about = squares.view(-1, *first.covariance.shape) - means[:, :, None] * means[:, None, :]
    free = 1 - weights.square().sum(dim=0)  # (n - 1) / n where all weights are equal
    return frechet_between(real, Moments(first.mean.cpu() + means, about / free[:, None, None])).clamp(min=0)


def _same_dimensions(first: Moments, second: Moments) -> None:
    if len(first.mean) != len(second.mean):
        raise ValueError(f"features of {len(first.mean)} and {len(second.mean)} dimensions have no distance")


def check_features(features: Tensor) -> Tensor:
    """The features themselves, or a ValueError if they are not [n, d] or not finite."""
    if features.ndim != 2 or len(features) == 0:
        raise ValueError(f"features must be [n, d] with at least one row; got {list(features.shape)}")
    bad = int((~features.isfinite()).any(dim=1).sum())
    if bad:
        raise ValueError(
            f"{bad} of {len(features)} samples hold NaN or infinite values. The sampler diverged: look at x0 in its "
            "trace, at the scale, and at the precision"
        )
    return features
