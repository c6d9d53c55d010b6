"""The Frechet distance: how far apart are two sets of features, each described by one Gaussian?

    d^2 = |m_1 - m_2|^2 + tr(C_1 + C_2 - 2 (C_1 C_2)^(1/2))

the squared 2-Wasserstein distance between N(m_1, C_1) and N(m_2, C_2) (Dowson and Landau 1982). With features of one
particular Inception network it is called FID (Heusel et al. 2017); with any others it must not be: say "Frechet
distance (MNIST features)".

It is biased: the estimate from few samples is too large, by about the same amount for real images as for generated
ones. Compare distances at equal sample counts only, and with the distance of real images at that count, the floor.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """Mean [d] and covariance [d, d] of features, in double precision."""

    mean: Tensor
    covariance: Tensor


def moments(features: Tensor) -> Moments:
    """Mean and unbiased covariance of features [n, d].

    Raises ValueError for features that are not finite, and for n <= d, where the covariance is singular.
    """
    features = check_features(features).double()
    n, d = features.shape
    if n <= d:
        raise ValueError(
            f"{n} samples in {d} features: their covariance is singular, and the distance would say nothing. Use at "
            f"least {d + 1} samples, better {10 * d}, or the kernel distance, which needs no covariance"
        )
    return Moments(features.mean(dim=0), features.T.cov())


def frechet_between(first: Moments, second: Moments) -> float:
    """d^2 between two Gaussians.

    C_1 C_2 is not symmetric, but has the eigenvalues of the symmetric C_1^(1/2) C_2 C_1^(1/2), and the trace of the
    root is the sum of their roots.
    """
    values, axes = torch.linalg.eigh(first.covariance)
    root = axes * values.clamp(min=0).sqrt() @ axes.T  # C_1^(1/2)
    eigenvalues = torch.linalg.eigvalsh(root @ second.covariance @ root)
    overlap = eigenvalues.clamp(min=0).sqrt().sum()  # rounding can push a zero below 0
    traces = first.covariance.trace() + second.covariance.trace()
    return float((first.mean - second.mean).square().sum() + traces - 2 * overlap)


def frechet_distance(real: Tensor | Moments, generated: Tensor | Moments) -> float:
    """d^2 between two sets of features, [n, d] and [m, d] (or their `moments`, to compute those once)."""
    first, second = (s if isinstance(s, Moments) else moments(s) for s in (real, generated))
    if len(first.mean) != len(second.mean):
        raise ValueError(f"features of {len(first.mean)} and {len(second.mean)} dimensions have no distance")
    return frechet_between(first, second)


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
