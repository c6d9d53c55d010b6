"""What few-step methods try to learn, known exactly: the map to the ODE's end, and a flow that goes there straight.

The probability-flow ODE carries p_t to p_s without changing the order of numbers, so in one dimension a point keeps
its rank: x_s = F_s^-1(F_t(x_t)), F_t the distribution function at time t. A single Gaussian, in any dimension, keeps
its z-score instead. Both are the map that a consistency model learns (s = 0), and the coupling of noise and data on
which a second flow is trained (rectified flow's reflow).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from diffusion_lessons import schedules
from diffusion_lessons.denoisers.base import check_x
from diffusion_lessons.denoisers.conditions import check_labels
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, match, time_for
from diffusion_lessons.toys.mixtures import GaussianMixture

TINY = 1e-300  # a smaller probability has no quantile in double precision: 37 standard deviations out
HALVINGS = 60  # of a bracket until it is as narrow as a double


def flow_map(mixture: GaussianMixture, path: Path, x: Tensor, t: float | Tensor, s: float = 0.0) -> Tensor:
    """Where the exact ODE takes x [B, *shape] at time t (a number, or [B]) by time s, before or after t; like x.

        one Gaussian:     x_s = alpha_s m + S_s^1/2 S_t^-1/2 (x - alpha_t m),   S_t = alpha_t^2 C + sigma_t^2 I
        a mixture of numbers:   x_s = F_s^-1(F_t(x)), found by halving a bracket

    Raises ValueError for other distributions, whose flow has no such form (`exact_ode.exact_flow` solves the ODE).
    """
    _check_points(mixture, x)
    check_value("path", path, Path)
    alpha, spread = _marginal(mixture, path, time_for(x, t))
    alpha_s, spread_s = _marginal(mixture, path, s)
    if len(mixture.means) == 1:
        ratio = (spread_s / spread)[:, 0]  # [B or 1, d or 1]
        return _like(x, alpha_s * mixture.means + _along_axes(mixture, _rows(x) - alpha * mixture.means, ratio))
    z = _rank(_rows(x), alpha * mixture.means[:, 0], spread[..., 0], mixture.weights)  # [B, 1]
    means, stds = alpha_s * mixture.means[:, 0], spread_s[..., 0]
    return _like(x, _solve(lambda y: _rank(y, means, stds, mixture.weights), z, means + stds * z))


class ConsistencyFunction:
    """f(x_t, t), the end of the exact ODE's trajectory through x_t, as a denoiser: x0 = f, eps = (x - alpha f) / sigma.

    It is what consistency distillation and training learn: f(x, 0) = x, and f is the same at all points of one
    trajectory (Song et al. 2023, section 3). It is known for one Gaussian in any dimension, and for a mixture
    of numbers.
    """

    card = classes = dtype = None

    def __init__(self, mixture: GaussianMixture, path: Path):
        _check(mixture)
        check_value("path", path, Path)
        self.mixture, self.path, self.shape = mixture, path, mixture.shape

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        if condition is not None:
            check_labels(self, condition)
        t = time_for(x, t)
        x0 = flow_map(self.mixture, self.path, x, t)
        noisy = torch.as_tensor(match(self.path.sigma(t), x), device=x.device) > 0
        # at sigma = 0 the limit of eps, 0: f is x / alpha up to sigma^2
        return Estimate(x0, Estimate.from_x0(x, x0, self.path, t).eps.where(noisy, 0))


class ReflowedFlow:
    """The flow after one reflow, as a denoiser on the flow path: its training pairs are z and where the first takes z.

        x_t = (1 - t) x_0 + t z,   x_0 = coupling(z)

    These lines do not cross, so that x_t determines both ends of its line: x0 and eps are these ends, not means over
    many. The velocity eps - x0 is constant along each line, and one Euler step is exact (Liu et al. 2022, section 3).
    It is known for one Gaussian in any dimension, and for a mixture of numbers.
    """

    card = classes = dtype = None

    def __init__(self, mixture: GaussianMixture):
        _check(mixture)
        self.mixture, self.path, self.shape = mixture, schedules.flow(), mixture.shape

    def coupling(self, z: Tensor) -> Tensor:
        """Where the first flow takes noise z [B, *shape]; like z."""
        return flow_map(self.mixture, self.path, z, self.path.T)

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        if condition is not None:
            check_labels(self, condition)
        _check_points(self.mixture, x)
        t = time_for(x, t)
        alpha, sigma = (_column(value) for value in (self.path.alpha(t), self.path.sigma(t)))  # [B or 1, 1]
        mixture, means, stds = self.mixture, self.mixture.means, self.mixture.variances.sqrt()
        if len(means) == 1:  # x_t - (1 - t) m = ((1 - t) C^1/2 + t) z
            z = _along_axes(mixture, _rows(x) - alpha * means, 1 / (alpha * stds[0] + sigma))
            return Estimate(_like(x, means + _along_axes(mixture, z, stds)), _like(x, z))
        m, s = means[:, 0], stds[:, 0]

        def line(x0: Tensor) -> Tensor:
            return alpha * x0 + sigma * _rank(x0, m, s, mixture.weights)

        z = (_rows(x) - alpha * m) / (alpha * s + sigma)  # [B, K], if each component were alone
        x0 = _solve(line, _rows(x), m + s * z)
        return Estimate(_like(x, x0), _like(x, _rank(x0, m, s, mixture.weights)))


def _rank(x: Tensor, means: Tensor, stds: Tensor, weights: Tensor) -> Tensor:
    """Phi^-1(F(x)), the standard normal number with the rank that x [B, 1] has in a mixture; [B, 1].

    Taken from the nearer tail, whose probability erfc knows to all digits (`torch.special.ndtr` does not).
    """
    z = (x - means) / stds  # [B, K]
    below, above = (torch.erfc(side) @ weights / 2 for side in (-z / math.sqrt(2), z / math.sqrt(2)))
    near = torch.minimum(below, above).clamp(min=TINY)
    return torch.where(below < above, torch.special.ndtri(near), -torch.special.ndtri(near))[:, None]


def _solve(rising: Callable[[Tensor], Tensor], value: Tensor, alone: Tensor) -> Tensor:
    """y [B, 1] with rising(y) = value. It lies between the solutions for the components `alone`, [B, K]."""
    low, high = alone.min(dim=1, keepdim=True).values, alone.max(dim=1, keepdim=True).values
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        under = rising(middle) < value
        low, high = torch.where(under, middle, low), torch.where(under, high, middle)
    return (low + high) / 2


def _marginal(mixture: GaussianMixture, path: Path, t: float | Tensor) -> tuple[Tensor, Tensor]:
    """alpha [B or 1, 1], and the standard deviations of x_t in every component, [B or 1, K, d or 1]."""
    alpha, sigma = _column(path.alpha(_exact(t))), _column(path.sigma(_exact(t)))
    return alpha, (alpha[..., None] ** 2 * mixture.variances + sigma[..., None] ** 2).sqrt()


def _along_axes(mixture: GaussianMixture, rows: Tensor, factors: Tensor) -> Tensor:
    """Rows [B, d] stretched by `factors` along the principal axes of the one component."""
    if mixture.axes is None:
        return factors * rows
    return (factors * (rows @ mixture.axes[0])) @ mixture.axes[0].mT


def _exact(t: float | Tensor) -> float | Tensor:
    return t.detach().cpu().double() if isinstance(t, Tensor) else t


def _column(value: float | Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64, device="cpu").reshape(-1, 1)


def _rows(x: Tensor) -> Tensor:
    """x [B, *shape] as [B, d] in double precision, in which the parameters are kept."""
    return x.detach().cpu().double().reshape(len(x), -1)


def _like(x: Tensor, rows: Tensor) -> Tensor:
    return rows.reshape(x.shape).to(x)


def _check(mixture: GaussianMixture) -> None:
    check_value("mixture", mixture, GaussianMixture)
    K, d = mixture.means.shape
    if K > 1 and d > 1:
        raise ValueError(
            f"the flow is known for one Gaussian or for a mixture of numbers, not for {K} components in {d} "
            "dimensions: solve its ODE with exact_ode.exact_flow"
        )
    if K > 1 and not (mixture.variances > 0).all():
        raise ValueError("a mixture with point masses has no quantiles: give stds above 0")


def _check_points(mixture: GaussianMixture, x: Tensor) -> None:
    _check(mixture)
    check_x(x)
    if tuple(x.shape[1:]) != mixture.shape:
        raise ValueError(f"this distribution has samples of shape {mixture.shape}; x holds {tuple(x.shape[1:])}")
