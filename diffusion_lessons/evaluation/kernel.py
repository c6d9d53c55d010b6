"""The kernel distance: a two-sample statistic without a Gaussian assumption, and without bias.

    MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(a, b) = (a b / d + 1)^3

x, x' real, y, y' generated. Pairs of a sample with itself are left out, so the estimate is right on average at any
sample count (it may be below 0), also where samples are fewer than features (Binkowski et al. 2018, KID).
"""

from torch import Tensor

from diffusion_lessons.evaluation.frechet import checked_features

ROWS = 1000  # of the kernel matrix that are held at once


def cubic_kernel(x: Tensor, y: Tensor) -> Tensor:
    """k(x_i, y_j) of features [n, d] and [m, d]; [n, m]."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def kernel_distance(real: Tensor, generated: Tensor) -> float:
    """The unbiased estimate of MMD^2 from features [n, d] and [m, d], n and m at least 2."""
    real, generated = checked_features(real).double(), checked_features(generated).double()
    if min(len(real), len(generated)) < 2:
        raise ValueError("the kernel distance compares pairs: give at least 2 samples of each kind")
    return distance_from(real, mean_of_pairs(real), generated)


def distance_from(real: Tensor, within_real: float, generated: Tensor) -> float:
    """The same where the real images' own part, `mean_of_pairs(real)`, is known: it is most of the work."""
    across = sum(float(cubic_kernel(rows, generated).sum()) for rows in real.split(ROWS)) / (len(real) * len(generated))
    return within_real + mean_of_pairs(generated) - 2 * across


def mean_of_pairs(x: Tensor) -> float:
    """Mean of k(x_i, x_j) over i != j, for features [n, d] in double precision."""
    n = len(x)
    everyone = sum(float(cubic_kernel(rows, x).sum()) for rows in x.split(ROWS))
    oneself = float(((x.square().sum(dim=1) / x.shape[1] + 1) ** 3).sum())
    return (everyone - oneself) / (n * (n - 1))
