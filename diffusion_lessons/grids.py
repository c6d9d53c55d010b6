"""Time grids: the decreasing times on which a sampler walks from noise to data, as numbers.

A grid is part of a sampler: the same update on another grid is another result. DDPM paths have the whole times
1..T, so their `trailing`, `leading`, `linspace` and `quadratic` grids hold whole numbers; `logsnr` and `karras`
are continuous on every path. `path.grid(...)` puts together what is here.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from numbers import Real

import numpy as np

IN_TIME = ("trailing", "leading", "linspace", "quadratic")
IN_NOISE = ("logsnr", "karras")
SPACINGS = IN_TIME + IN_NOISE
MOST = 1_000_000  # steps, or samples at once: more is a slip of the hand
RHO = 7.0  # Karras et al. 2022, equation 5
ROUNDING = 1e-12  # by which a time may lie above T, as a share of it
TICKS = 1000  # paths without whole times are divided as finely as DDPM's for `leading` and `linspace`


def check_grid(steps: int, spacing: str, t_min: float | None, T: float) -> tuple[int, float]:
    """`steps` and the last time as an int and a float, or a ValueError that says what is wrong with one of them."""
    if isinstance(steps, bool) or not isinstance(steps, Real) or not 1 <= steps <= MOST or steps != steps // 1:
        raise ValueError(f"steps must be a whole number of at least 1 and at most {MOST:,}; got {steps!r}")
    if spacing not in SPACINGS:
        raise ValueError(f"unknown spacing {spacing!r}; the spacings are {', '.join(SPACINGS)}")
    if t_min is not None and not (isinstance(t_min, Real) and 0 <= t_min < T):
        raise ValueError(f"t_min must lie in [0, T) with T = {T:g}; got {t_min!r}")
    return int(steps), float(t_min or 0.0)


def check_times(times: Sequence[float], T: float) -> tuple[float, ...]:
    """The times as floats, or a ValueError if they do not fall strictly inside [0, T] or are fewer than two."""
    try:
        floats = tuple(float(t) for t in times)
    except (TypeError, ValueError, RuntimeError) as error:  # one number, words, rows of several times
        raise ValueError(f"times must be a sequence of numbers, such as path.grid(20); got {times!r}") from error
    if len(floats) < 2:
        raise ValueError(f"a grid needs at least two times, where to start and where to end; got {floats}")
    if not all(math.isfinite(t) for t in floats) or floats[-1] < 0 or floats[0] > T * (1 + ROUNDING):
        raise ValueError(f"times must lie in [0, T] with T = {T:g}; got {floats[0]:g} ... {floats[-1]:g}")
    for before, after in pairwise(floats):
        if after >= before:
            raise ValueError(
                f"times must fall strictly from noise to data, without repeats; got {before:g} followed by {after:g}"
            )
    return floats


def whole_times(T: int, N: int, spacing: str) -> list[float]:
    """N whole times of 1..T and 0, in one of the spacings `IN_TIME`. Raises ValueError for N above T."""
    if N > T:
        raise ValueError(
            f'{N} steps asked of a grid with {T} distinct times; use spacing="logsnr" or at most {T} steps'
        )
    k = np.arange(N, 0.0, -1)
    if spacing == "trailing":
        times = np.round(T * k / N)
    elif spacing == "leading":
        times = 1 + (k - 1) * (T // N)
    elif spacing == "linspace":
        times = 1 + np.round(np.linspace(T - 1, 0, N))
    else:
        times = np.maximum(np.floor(T * (k / N) ** 2 + 0.5), k)  # at least k: rounding never makes two times one
    return [*times.tolist(), 0.0]


def continuous_times(T: float, N: int, spacing: str, end: float = 0.0) -> list[float]:
    """The same spacings without rounding, N times and `end`; the interval [0, T] is mapped to [end, T]."""
    k, ticks = np.arange(N, 0, -1), max(TICKS, N)
    if spacing == "trailing":
        share = k / N
    elif spacing == "leading":
        share = (1 + (k - 1) * (ticks // N)) / ticks
    elif spacing == "linspace":
        share = np.linspace(1, 1 / ticks, N)
    else:
        share = (k / N) ** 2
    return [*(end + (T - end) * share).tolist(), end]


def log_noise_levels(high: float, low: float, count: int, spacing: str) -> np.ndarray:
    """log(sigma / alpha) = -lambda at `count` times from `high` to `low`, in one of the spacings `IN_NOISE`."""
    if spacing == "logsnr":
        return np.linspace(high, low, count)
    return RHO * np.log(np.linspace(math.exp(high / RHO), math.exp(low / RHO), count))
