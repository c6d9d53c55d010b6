"""How far samples of numbers are from the distribution they should follow, without a second sample to compare with."""

import math

import torch
from torch import Tensor

from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path
from diffusion_lessons.toys.mixtures import MOST, GaussianMixture

CELLS = 20_000
REACH = 9.0  # standard deviations beyond the outermost means: what lies further out does not count


def gaussian_quantiles(n: int) -> Tensor:
    """n numbers that follow N(0, 1) as evenly as n numbers can: its quantiles at (i + 1/2) / n; double precision.

    Started from these, a deterministic sampler shows its own error, free of the chance in random noise.
    """
    check_value("n", n, int, 1, MOST)
    return torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)


def cdf(mixture: GaussianMixture, x: Tensor) -> Tensor:
    """P(X <= x) of a mixture of numbers with positive standard deviations, like x [n]."""
    check_value("mixture", mixture, GaussianMixture)
    if mixture.means.shape[1] != 1 or not (mixture.variances > 0).all():
        raise ValueError(f"this takes a mixture of numbers with stds above 0; its samples have shape {mixture.shape}")
    z = (x[:, None] - mixture.means[:, 0]) / mixture.variances[:, 0].sqrt()  # [n, K]
    return torch.special.ndtr(z) @ mixture.weights


def wasserstein_1(x: Tensor, mixture: GaussianMixture) -> float:
    """The Wasserstein-1 distance of samples [n] or [n, 1] to a mixture of numbers.

    It is the area between the distribution functions, int |F_samples(x) - F(x)| dx: the mean distance by which the
    samples would have to be moved to follow the distribution.
    """
    check_value("mixture", mixture, GaussianMixture)
    samples = x.double().flatten().sort().values
    reach = 10 * math.sqrt(float(mixture.variances.max()))
    low = min(float(samples[0]), float(mixture.means.min()) - reach)
    high = max(float(samples[-1]), float(mixture.means.max()) + reach)
    edges = torch.linspace(low, high, CELLS + 1, dtype=torch.float64)
    middle = (edges[1:] + edges[:-1]) / 2
    empirical = torch.searchsorted(samples, middle, right=True) / len(samples)
    return float((empirical - cdf(mixture, middle)).abs().sum() * (high - low) / CELLS)


def integration_grid(mixture: GaussianMixture, path: Path, t: float, n: int = 800) -> tuple[Tensor, Tensor]:
    """Even points x [n] that cover p_t of a mixture of numbers, and the probability of the cell around each, [n].

    Sums over them are integrals over x_t, for 0 < t, free of sampling error.
    """
    check_value("mixture", mixture, GaussianMixture)
    check_value("path", path, Path)
    if mixture.shape != ():
        raise ValueError(f"this takes a mixture of numbers; its samples have shape {mixture.shape}")
    alpha, sigma = path.alpha(t), path.sigma(t)
    spread = REACH * float((alpha**2 * mixture.variances.max() + sigma**2).sqrt())
    low, high = (alpha * float(end) for end in (mixture.means.min(), mixture.means.max()))
    x = torch.linspace(low - spread, high + spread, n, dtype=torch.float64)
    return x, mixture.log_prob(x, path, t).exp() * (x[1] - x[0])
