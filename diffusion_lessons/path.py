"""The contract of a Gaussian path, x_t = alpha_t x_0 + sigma_t eps, and what follows from alpha and sigma alone."""

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import torch
from torch import Tensor

from diffusion_lessons import grids
from diffusion_lessons.machine.devices import choose_device, moved
from diffusion_lessons.machine.fields import check_value

Numbers = TypeVar("Numbers", float, Tensor, float | Tensor)  # floats in, floats out; tensors in, tensors out

LARGEST_NOISE_LEVEL = 1000.0  # sigma / alpha at which lambda-spaced grids start on a path whose alpha reaches 0


class Path(ABC):
    """A Gaussian path x_t = alpha(t) x_0 + sigma(t) eps for t in [0, T].

    Subclasses give `_lam` and its inverse `_t_of_lam`, `_alpha`, `_sigma` and the two derivatives, all on double
    precision tensors; the class turns them into functions of floats and of tensors of any dtype and device.
    """

    T: float
    t_min: float  # the last time above 0 of grids that are even in lambda or in noise level
    whole_times: bool = False  # DDPM's times are 1..T; on other paths every t in (0, T] is as good as another
    prior_std: float = 1.0  # standard deviation of x_T

    def __init__(self, card: dict[str, Any], numbers: Hashable = ()):
        """`card` makes the path again (`from_card`); `numbers` are those that decide alpha and sigma in this class.

        Two paths are equal if both are. The card alone would not do: it may be anything that a caller wrote, and the
        values of alpha and sigma are cached for each path.
        """
        self.card, self.numbers = card, numbers
        self._hash = hash((type(self), numbers))  # not of the card, in which T = 1000 and T = 1000.0 are equal

    @abstractmethod
    def _alpha(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _sigma(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _d_alpha(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _d_sigma(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _t_of_lam(self, lam: Tensor) -> Tensor: ...

    def _alpha_bar(self, t: Tensor) -> Tensor:
        return self._alpha(t) ** 2

    def _lam(self, t: Tensor) -> Tensor:
        return self._alpha(t).log() - self._sigma(t).log()

    def alpha(self, t: Numbers) -> Numbers:
        """How much of the clean sample is left at time t, in [0, 1]."""
        return _evaluate(self, "_alpha", t)

    def sigma(self, t: Numbers) -> Numbers:
        """Standard deviation of the noise in x_t; 0 at t = 0."""
        return _evaluate(self, "_sigma", t)

    def alpha_bar(self, t: Numbers) -> Numbers:
        """alpha(t)^2, DDPM's cumulative retention."""
        return _evaluate(self, "_alpha_bar", t)

    def lam(self, t: Numbers) -> Numbers:
        """lambda_t = log(alpha_t / sigma_t): +inf at t = 0, -inf where alpha is 0; falls with t."""
        return _evaluate(self, "_lam", t)

    def t_of_lam(self, lam: Numbers) -> Numbers:
        """The time at which lambda_t is `lam`: the inverse of `lam(t)`."""
        return _evaluate(self, "_t_of_lam", lam)

    def d_alpha(self, t: Numbers) -> Numbers:
        """d alpha / dt."""
        return _evaluate(self, "_d_alpha", t)

    def d_sigma(self, t: Numbers) -> Numbers:
        """d sigma / dt; +inf at t = 0 of a variance-preserving path."""
        return _evaluate(self, "_d_sigma", t)

    @property
    def t_max(self) -> float:
        """Where grids that are even in lambda start: T, or just below it where alpha(T) = 0 makes lambda infinite."""
        return self.T if self.alpha(self.T) > 0 else self.t_of_lam(-math.log(LARGEST_NOISE_LEVEL))

    def step_variance(self, t: float, s: float) -> float:
        """Variance of x_t given x_s, s < t: sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2; DDPM's beta_t if s = t - 1."""
        return max(self.sigma(t) ** 2 - (self.alpha(t) / self.alpha(s)) ** 2 * self.sigma(s) ** 2, 0.0)  # rounding

    def posterior_variance(self, t: float, s: float) -> float:
        """Variance of x_s given x_t and x_0: (sigma_s / sigma_t)^2 times the step variance (DDPM eq. 7)."""
        return (self.sigma(s) / self.sigma(t)) ** 2 * self.step_variance(t, s)

    def add_noise(self, x0: Tensor, eps: Tensor, t: float | Tensor) -> Tensor:
        """x_t = alpha_t x_0 + sigma_t eps, for x0 and eps [B, ...] and t a float or a tensor [B] (DDPM eq. 4)."""
        alpha, sigma = self.scales(t, x0)
        return alpha * x0 + sigma * eps

    def scales(self, t: float | Tensor, x: Tensor) -> tuple[Any, Any]:
        """alpha_t and sigma_t as they multiply x [B, ...]: numbers, or for t [B] two tensors [B, 1, ...] beside x.

        Both are sent to x's device together: each copy costs the time in which a GPU is told what to do next.
        """
        t = time_for(x, t)
        if isinstance(t, Tensor) and t.device != x.device:
            alpha, sigma = moved(torch.stack([self.alpha(t), self.sigma(t)]).to(x.dtype), x.device)
            return match(alpha, x), match(sigma, x)
        return match(self.alpha(t), x), match(self.sigma(t), x)

    def prior(
        self,
        shape: Sequence[int],
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
        device: str | torch.device | None = None,
    ) -> Tensor:
        """x_T: Gaussian noise of the path's final standard deviation.

        The numbers are drawn on the generator's device (the CPU without one) and then moved, so that one seed
        gives one starting noise on every machine.
        """
        check_value("shape", tuple(shape) if isinstance(shape, list) else shape, tuple[int, ...], 0)
        check_value("generator", generator, torch.Generator | None)
        target = None if device is None else choose_device(device)
        source = generator.device if generator is not None else torch.device("cpu")
        noise = torch.randn(tuple(shape), generator=generator, dtype=dtype, device=source)
        x = (self.prior_std * noise).to(target or source)
        if not x.is_inference():
            x.prior_version = x._version  # type: ignore[attr-defined]
        return x

    def grid(self, steps: int, spacing: str = "trailing", t_min: float | None = None) -> tuple[float, ...]:
        """Exactly `steps + 1` decreasing times from the noisy end to 0, or to `t_min`, in double precision.

        With k = steps, ..., 1 counting down to the clean end and N = steps:

        - `trailing`: T k / N. Starts at T; what the few-step literature recommends (Lin et al. 2023, table 2).
        - `leading`: 1 + (k - 1) floor(T / N). Starts below T; the grid of DDIM's and many other published figures.
        - `linspace`: N times evenly from T to 1.
        - `quadratic`: T (k / N)^2, at least k: short steps near the data (DDIM, appendix D.2).
        - `logsnr`: N times evenly in lambda from `t_max` to the path's `t_min`.
        - `karras`: N noise levels sigma/alpha, evenly in their 7th root, between the same ends (EDM, equation 5).

        Each ends with 0 appended. With `t_min` above 0 the last time is `t_min` instead: the first four
        are squeezed into [t_min, T], and the last two place steps + 1 times down to `t_min`.

        Raises ValueError for an unknown spacing, for steps below 1, for more steps than the path has whole times, and
        for a `t_min` outside [0, T).
        """
        steps, end = grids.check_grid(steps, spacing, t_min, self.T)
        if spacing in grids.IN_NOISE:
            times = self._even_in_noise(steps, spacing, end)
        elif self.whole_times and end == 0:
            times = grids.whole_times(int(self.T), steps, spacing)
        else:
            times = grids.continuous_times(self.T, steps, spacing, end)
        return grids.check_times(times, self.T)

    def _even_in_noise(self, steps: int, spacing: str, end: float) -> list[float]:
        first, last = self.t_max, end if end > 0 else self.t_min
        if last >= first:
            raise ValueError(f"this grid starts at t = {first:g}, so it cannot end at t_min = {last:g}")
        count = steps + 1 if end > 0 else steps
        levels = grids.log_noise_levels(-self.lam(first), -self.lam(last), count, spacing)
        times = self.t_of_lam(torch.from_numpy(-levels)).tolist()
        times[0] = first  # the ends exactly, not to rounding
        if count > 1:
            times[-1] = last
        return times if end > 0 else [*times, 0.0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Path) or type(other) is not type(self):
            return False
        return self is other or (self.numbers == other.numbers and self.card == other.card)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{self.card['path']}({', '.join(f'{k}={v}' for k, v in self.card.items() if k != 'path')})"


def is_prior(x: Tensor) -> bool:
    """Whether x is known to be pure noise: what `Path.prior` returned, and nothing was written into it since."""
    version = getattr(x, "prior_version", None)
    return version is not None and version == x._version


def match(values: Numbers, x: Tensor) -> Numbers:
    """Numbers [B] as [B, 1, ...], so that they multiply x of shape [B, ...] sample by sample; single numbers stay.

    Raises ValueError for any other shape: [B, 1] beside images would be multiplied row by row.
    """
    if isinstance(values, Tensor) and values.ndim > 0:
        _check_shape(values, x)
        return moved(values.to(x.dtype), x.device).view(-1, *[1] * (x.ndim - 1))
    return values


def time_for(x: Tensor, t: float | Tensor) -> float | Tensor:
    """t as a float, or as a floating-point tensor [B] beside x [B, ...]: what paths and networks compute with.

    A tensor of no dimension is a number, of shape [1] the same number for all. A tensor takes x's floating type if it
    has fewer digits, and single precision at least: half cannot tell 999 from 1000. Raises ValueError for other shapes.
    """
    if not isinstance(t, Tensor) or t.ndim == 0:
        return _float(t)
    _check_shape(t, x)
    exact = torch.promote_types(x.dtype, torch.float32)
    return t.to(torch.promote_types(t.dtype, exact)).expand(len(x))


def _check_shape(values: Tensor, x: Tensor) -> None:
    if values.ndim != 1 or len(values) not in (1, len(x)):
        shape = ", ".join(map(str, values.shape))
        raise ValueError(
            f"t, or other numbers for each sample, of shape [{shape}] for a batch of {len(x)}: "
            f"give a single number, or a tensor [{len(x)}]"
        )


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"t must be a number or a tensor; got {value!r}") from error


def _evaluate(path: Path, function: str, value: Numbers) -> Numbers:
    """Evaluate in double precision on the CPU; the result has the type and the device of `value`.

    So no device has to hold a path's table, or to support double precision, which MPS does not. Whole numbers give
    the default floating type.
    """
    if isinstance(value, Tensor):
        floating = value.is_floating_point()
        dtype = value.dtype if floating else torch.get_default_dtype()
        exact = value.cpu().double()
        if function != "_t_of_lam":
            exact = _inside(exact, path.T, 4 * torch.finfo(dtype).eps if floating else 0.0)
        return moved(getattr(path, function)(exact).to(dtype), value.device)
    return _evaluate_float(path, function, _float(value))


@lru_cache(maxsize=2**16)  # samplers and denoisers ask for the same few times at every step
def _evaluate_float(path: Path, function: str, value: float) -> float:
    exact = torch.tensor(value, dtype=torch.float64)
    if function != "_t_of_lam":
        exact = _inside(exact, path.T, grids.ROUNDING)
    return float(getattr(path, function)(exact))


def _inside(t: Tensor, T: float, rounding: float) -> Tensor:
    """The times, of which rounding may put some outside [0, T]; a ValueError for those that are further out, or NaN."""
    if t.numel() > 0 and not (t.min() >= -rounding * T and t.max() <= T * (1 + rounding)):
        raise ValueError(f"t must lie in [0, T] with T = {T:g}; got {_range(t)}")
    return t.clamp(0, T)


def _range(t: Tensor) -> str:
    low, high = t.min().item(), t.max().item()
    return f"{low:g}" if t.numel() == 1 else f"{low:g} ... {high:g}"
