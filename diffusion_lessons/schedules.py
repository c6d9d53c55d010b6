"""Gaussian paths: how data turn into noise, x_t = alpha_t x_0 + sigma_t eps.

A path is two functions of time, alpha(t) and sigma(t), on [0, T]: t = 0 is data, t = T is noise, on every path.
Everything else follows from the two: the half log signal-to-noise ratio lambda_t = log(alpha_t / sigma_t), which
is the clock of the fast solvers; its inverse; and the starting distribution of a sampler.

    path = ddpm_linear()           # DDPM's: 1000 steps, betas from 1e-4 to 0.02
    path = cosine()                # Nichol and Dhariwal's
    path = flow()                  # rectified flow: alpha = 1 - t, sigma = t
    path = variance_exploding()    # EDM's: alpha = 1, sigma = t
    path = from_alpha_bar(values)  # any variance-preserving path, from its table

Times are Python floats or tensors. A float gives a float in double precision; a tensor gives a tensor of its own
dtype on its own device. What all paths share is in `path.py`; the time grids of samplers are in `grids.py`
and reached as `path.grid(...)`.
"""

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons.interpolation import FallingCurve
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, match

MOST_TIMES = 1_000_000  # of a table: a card that asks for more is damaged, and a table that large would fill the memory


class VariancePreserving(Path):
    """alpha^2 + sigma^2 = 1, given by alpha_bar at the whole times 0..T; alpha_bar_0 = 1 exactly.

    Between whole times log alpha_bar is a cubic spline; a table of few levels, through which the spline would swing,
    is joined by PCHIP: see `FallingCurve`. In an interval that ends at alpha_bar = 0, whose logarithm is infinite,
    alpha itself goes straight to 0.

    A solver in t keeps its order where log alpha_bar changes little from one whole time to the next: everywhere on
    `ddpm_linear`. On `cosine` the logarithm falls steeply in its last intervals, by 1.4 in the last but one and, as
    beta_T is capped, by 6.9 in the last. Between the last five or so whole times the spline swings, and d alpha / dt
    with it. On grids that are even in t from T down (`trailing`) Heun, midpoint and RK4 lose their order to this: on
    the mixture of `toys.convergence` an error of some 6e-4 is left in 256 steps, whichever of them is asked. On
    `logsnr` grids, whose steps are short there, they keep their order.
    """

    whole_times = True

    def __init__(self, alpha_bar: Sequence[float], card: dict[str, Any]):
        values = np.asarray(alpha_bar, dtype=np.float64)
        if values.ndim != 1 or len(values) < 1 or not np.isfinite(values).all():
            raise ValueError(f"alpha_bar must be a list of finite numbers, one for each time; got {alpha_bar!r}")
        if values[0] != 1.0:  # the papers' t = 1..T: put the clean end in front
            values = np.concatenate([[1.0], values])
        if len(values) < 2 or values.min() < 0 or (np.diff(values) >= 0).any():
            raise ValueError(
                "alpha_bar must fall strictly from 1 (clean) towards 0 (noise) and stay in [0, 1]; "
                f"got {values[:3].tolist()} ... {values[-3:].tolist()}"
            )
        super().__init__(card, values.tobytes())
        self.T = float(len(values) - 1)
        self.t_min = 1.0
        self._table = torch.from_numpy(values)
        positive = values[values > 0]
        self._curve = FallingCurve(positive)
        self._last = float(len(positive) - 1)  # the last time with alpha_bar above 0: T, or T - 1
        self._last_alpha, self._last_log = math.sqrt(positive[-1]), math.log(positive[-1])

    @property
    def betas(self) -> Tensor:
        """beta_t = 1 - alpha_bar_t / alpha_bar_{t-1} for t = 1..T, [T]: the noise that one forward step adds."""
        return 1 - self._table[1:] / self._table[:-1]

    def _left(self, t: Tensor) -> Tensor:
        """The share of alpha that is left: 1 up to the last time with alpha_bar above 0, then straight to 0."""
        return 1 - (t - self._last).clamp(0, 1)

    def _alpha_bar(self, t: Tensor) -> Tensor:
        return self._curve.value(t) * self._left(t) ** 2

    def _log_alpha_bar(self, t: Tensor) -> Tensor:
        return self._curve.log(t) + 2 * self._left(t).log()

    def _alpha(self, t: Tensor) -> Tensor:
        return self._alpha_bar(t).sqrt()

    def _sigma(self, t: Tensor) -> Tensor:
        # expm1 keeps the digits that 1 - alpha_bar loses; 0 - 0 is 0, where -0 would make sigma(0) = -0
        return (0 - torch.expm1(self._log_alpha_bar(t))).sqrt()

    def _lam(self, t: Tensor) -> Tensor:
        log = self._log_alpha_bar(t)
        return 0.5 * (log - (-torch.expm1(log)).log())

    def _d_alpha(self, t: Tensor) -> Tensor:
        slope = 0.5 * self._curve.slope(t) * self._alpha(t)
        return torch.where(t > self._last, -self._last_alpha, slope)

    def _d_sigma(self, t: Tensor) -> Tensor:
        sigma = self._sigma(t)
        return torch.where(sigma > 0, -self._alpha(t) * self._d_alpha(t) / sigma, math.inf)  # alpha^2 + sigma^2 = 1

    def _t_of_lam(self, lam: Tensor) -> Tensor:
        log_alpha_bar = torch.nn.functional.logsigmoid(2 * lam)  # alpha_bar = 1 / (1 + exp(-2 lambda))
        beyond = -torch.expm1(0.5 * (log_alpha_bar - self._last_log).clamp(max=0))  # the share of alpha that is gone
        return (self._curve.time(log_alpha_bar) + beyond).clamp(0, self.T)


class Flow(Path):
    """Rectified flow's straight line from data to noise: alpha = 1 - t, sigma = t, T = 1 (Liu et al. 2022, eq. 1).

    Time runs from data (0) to noise (1), so the velocity dx_t/dt = eps - x_0 points towards the noise.
    """

    T = 1.0
    t_min = 0.001

    def _alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def _sigma(self, t: Tensor) -> Tensor:
        return t.clone()

    def _d_alpha(self, t: Tensor) -> Tensor:
        return -torch.ones_like(t)

    def _d_sigma(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def _t_of_lam(self, lam: Tensor) -> Tensor:
        return torch.sigmoid(-lam)


class VarianceExploding(Path):
    """alpha = 1 and sigma = t: the data stay, the noise grows to T = sigma_max (Karras et al. 2022, table 1, EDM)."""

    def __init__(self, sigma_max: float, sigma_min: float):
        check_value("sigma_max", sigma_max, float)
        check_value("sigma_min", sigma_min, float)
        card = {"path": "variance_exploding", "sigma_max": sigma_max, "sigma_min": sigma_min}
        super().__init__(card, (sigma_max, sigma_min))
        if not 0 < sigma_min < sigma_max:
            raise ValueError(f"need 0 < sigma_min < sigma_max; got sigma_min={sigma_min}, sigma_max={sigma_max}")
        self.T = self.prior_std = float(sigma_max)
        self.t_min = float(sigma_min)

    def _alpha(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def _sigma(self, t: Tensor) -> Tensor:
        return t.clone()

    def _d_alpha(self, t: Tensor) -> Tensor:
        return torch.zeros_like(t)

    def _d_sigma(self, t: Tensor) -> Tensor:
        return torch.ones_like(t)

    def _t_of_lam(self, lam: Tensor) -> Tensor:
        return (-lam).exp()


def ddpm_linear(T: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02) -> VariancePreserving:
    """DDPM's path: beta_t linear in t, alpha_bar_t = prod_{i <= t} (1 - beta_i) (Ho et al. 2020, section 4)."""
    check_value("beta_start", beta_start, float)
    check_value("beta_end", beta_end, float)
    if not 0 < beta_start <= beta_end < 1:
        raise ValueError(f"need 0 < beta_start <= beta_end < 1; got beta_start={beta_start}, beta_end={beta_end}")
    betas = np.linspace(beta_start, beta_end, _whole("T", T))
    card = {"path": "ddpm_linear", "T": T, "beta_start": beta_start, "beta_end": beta_end}
    return VariancePreserving(np.cumprod(1 - betas).tolist(), card)


def cosine(T: int = 1000) -> VariancePreserving:
    """alpha_bar_t = f(t) / f(0), f(t) = cos^2((t/T + s) / (1 + s) pi/2), s = 0.008, with every beta at most 0.999.

    Nichol and Dhariwal 2021, equation 17. The cap keeps alpha_bar_T just above 0, so eps can be predicted at T.
    """
    angle = (np.arange(_whole("T", T) + 1) / T + 0.008) / 1.008 * np.pi / 2
    squared = np.cos(angle) ** 2
    betas = np.minimum(1 - squared[1:] / squared[:-1], 0.999)
    return VariancePreserving(np.cumprod(1 - betas).tolist(), {"path": "cosine", "T": T})


def from_alpha_bar(values: Sequence[float]) -> VariancePreserving:
    """The path with these alpha_bar: at t = 1, 2, ... T, or at t = 0, 1, ... T if the first value is exactly 1.

    The last value may be 0 (zero terminal signal-to-noise ratio).
    """
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, RuntimeError) as error:  # one number, words, rows of several values
        raise ValueError(f"alpha_bar must be a list of finite numbers, one for each time; got {values!r}") from error
    return VariancePreserving(numbers, {"path": "from_alpha_bar", "values": numbers})


def flow() -> Flow:
    """The straight path of rectified flow and flow matching."""
    return Flow({"path": "flow"})


def variance_exploding(sigma_max: float = 80.0, sigma_min: float = 0.002) -> VarianceExploding:
    """The path of EDM: sigma = t from 0 to `sigma_max`; `sigma_min` is the last level above 0 of its grids."""
    return VarianceExploding(sigma_max, sigma_min)


PATHS: dict[str, Callable[..., Path]] = {
    make.__name__: make for make in (ddpm_linear, cosine, from_alpha_bar, flow, variance_exploding)
}


def from_card(card: dict[str, Any]) -> Path:
    """The path that wrote this card: the inverse of `path.card`. Raises ValueError for any other card."""
    if not isinstance(card, dict):
        raise ValueError(f"a path's card is its name and its options; got {str(card)[:60]}")
    options = dict(card)
    name = options.pop("path", None)
    if not isinstance(name, str) or name not in PATHS:
        raise ValueError(f"unknown path {str(name)[:60]!r}; the paths are {', '.join(PATHS)}")
    try:
        return PATHS[name](**options)
    except TypeError as error:  # an option that it does not have, or one of another type
        raise ValueError(f"{name} takes other options: {error}") from error


def _whole(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Real) or not 1 <= value <= MOST_TIMES or int(value) != value:
        raise ValueError(f"{name} must be a whole number from 1 to {MOST_TIMES:,}; got {value!r}")
    return int(value)


__all__ = [
    "PATHS",
    "Flow",
    "Path",
    "VarianceExploding",
    "VariancePreserving",
    "cosine",
    "ddpm_linear",
    "flow",
    "from_alpha_bar",
    "from_card",
    "match",
    "variance_exploding",
]
