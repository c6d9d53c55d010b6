"""The kernel distance: a two-sample statistic without a Gaussian assumption, and without bias.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(a, b) = (a b / d + 1)^3

x, x' real, y, y' generated. Pairs of a sample with itself are left out, so the estimate is right on average at any
sample count (it may be below 0), even with fewer samples than features (Bińkowski et al. 2018, KID). That is so of
independent samples. Where labels are in exact proportions, pairs of one class are a little rarer than among independent
samples: the estimate is lower by a constant over n, as is that of real images at the same count, its floor.
"""

import torch
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """k(x_i, y_j) of features [n, d] and [m, d]; [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """The unbiased estimate of MMD^2 from features [n, d] and [m, d], n and m at least 2."""
    return float(kernel_weighted(real, generated, torch.ones(len(generated), 1, dtype=torch.float64)))


def kernel_weighted(real: Tensor, generated: Tensor, weights: Tensor) -> Tensor:
    """MMD^2 of the samples [n, d] under each column of weights [n, R]; [R]."""
    real, generated = check_features(real).cpu().double(), check_features(generated).cpu().double()
    if min(len(real), len(generated)) < 2:
        raise ValueError("the kernel distance compares pairs: give at least 2 samples of each kind")
    totals = weights.sum(dim=0)
    across = weights.T @ cubic_kernel(generated, real).mean(dim=1) / totals
    ones = torch.ones(len(real), 1, dtype=torch.float64)
    return _mean_of_pairs(real, ones) + _mean_of_pairs(generated, weights) - 2 * across


def _mean_of_pairs(x: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of k(x_i, x_j) over i != j, for each column of weights [n, R]; [R]."""
    k = cubic_kernel(x, x)
    pairs = torch.einsum("ir,ij,jr->r", weights, k, weights) - weights.square().T @ k.diagonal()
    return pairs / (weights.sum(dim=0).square() - weights.square().sum(dim=0))
