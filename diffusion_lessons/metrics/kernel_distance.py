"""The kernel distance: a two-sample statistic without a Gaussian assumption, and without bias.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(a, b) = (a b / d + 1)^3

x, x' real, y, y' generated. Pairs of a sample with itself are left out, so the estimate is right on average at any
sample count (it may be below 0), even with fewer samples than features (Binkowski et al. 2018, KID).
"""

from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """k(x_i, y_j) of features [n, d] and [m, d]; [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """The unbiased estimate of MMD^2 from features [n, d] and [m, d], n and m at least 2."""
    real, generated = check_features(real).double(), check_features(generated).double()
    if min(len(real), len(generated)) < 2:
        raise ValueError("the kernel distance compares pairs: give at least 2 samples of each kind")
    across = cubic_kernel(real, generated).mean()
    return float(_mean_of_pairs(real) + _mean_of_pairs(generated) - 2 * across)


def _mean_of_pairs(x: Tensor) -> Tensor:
    """Mean of k(x_i, x_j) over i != j."""
    k, n = cubic_kernel(x, x), len(x)
    return (k.sum() - k.diagonal().sum()) / (n * (n - 1))
