"""Time grids: the decreasing times on which a sampler walks from noise to data.

A grid is part of a sampler: the same update on another grid is another result. DDPM paths have the whole times
1..T, so their `trailing`, `leading`, `linspace` and `quadratic` grids hold whole numbers; `logsnr` and `karras`
are continuous on every path.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from diffusion_lessons.path import Path

SPACINGS = ("trailing", "leading", "linspace", "quadratic", "logsnr", "karras")
RHO = 7.0  # Karras et al. 2022, equation 5
TICKS = 1000  # paths without whole times are cut as finely as DDPM's for `leading` and `linspace`


def grid(path: "Path", steps: int, spacing: str = "trailing", t_min: float | None = None) -> tuple[float, ...]:
    """Exactly `steps + 1` decreasing times from the noisy end to 0, or to `t_min`, in double precision.

    With k = steps, ..., 1 counting down to the clean end and N = steps:

    - `trailing`: T k / N. Starts at T; what the few-step literature recommends (Lin et al. 2023, table 2).
    - `leading`: 1 + (k - 1) floor(T / N). Starts below T; the grid of DDIM's and many other published figures.
    - `linspace`: N times evenly from T to 1.
    - `quadratic`: T (k / N)^2, at least k: short steps near the data (DDIM, appendix D.2).
    - `logsnr`: N times evenly in lambda from `path.t_max` to `path.t_min`.
    - `karras`: N noise levels sigma/alpha, evenly in their 7th root, between the same ends (EDM, equation 5).

    Each ends with 0 appended. With `t_min` above 0 the last time is `t_min` instead: the even grids are squeezed
    into [t_min, T] and the last two place steps + 1 times down to `t_min`.

    Raises ValueError for an unknown spacing, for steps below 1, for more steps than the path has whole times, and for
    a `t_min` outside [0, T).
    """
    if isinstance(steps, bool) or int(steps) != steps or steps < 1:
        raise ValueError(f"steps must be a whole number of at least 1; got {steps!r}")
    if spacing not in SPACINGS:
        raise ValueError(f"unknown spacing {spacing!r}; the spacings are {', '.join(SPACINGS)}")
    if t_min is not None and not 0 <= t_min < path.T:
        raise ValueError(f"t_min must lie in [0, T) with T = {path.T:g}; got {t_min!r}")
    steps, end = int(steps), float(t_min or 0.0)
    if spacing in ("logsnr", "karras"):
        times = _even_in_noise(path, steps, spacing, end)
    elif path.whole_times and end == 0:
        times = _whole_times(int(path.T), steps, spacing)
    else:
        times = _continuous(path.T, steps, spacing, end)
    return check_times(times, path.T)


def check_times(times: Sequence[float], T: float) -> tuple[float, ...]:
    """The times as floats, or a ValueError if they do not fall strictly inside [0, T] or are fewer than two."""
    floats = tuple(float(t) for t in times)
    if len(floats) < 2:
        raise ValueError(f"a grid needs at least two times, where to start and where to end; got {floats}")
    if not all(math.isfinite(t) for t in floats) or floats[-1] < 0 or floats[0] > T * (1 + 1e-12):
        raise ValueError(f"times must lie in [0, T] with T = {T:g}; got {floats[0]:g} ... {floats[-1]:g}")
    for before, after in pairwise(floats):
        if after >= before:
            raise ValueError(
                f"times must fall strictly from noise to data, without repeats; got {before:g} followed by {after:g}"
            )
    return floats


def _whole_times(T: int, N: int, spacing: str) -> list[float]:
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


def _continuous(T: float, N: int, spacing: str, end: float) -> list[float]:
    """The same shapes without rounding; the interval [0, T] is mapped to [end, T]."""
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


def _even_in_noise(path: "Path", N: int, spacing: str, end: float) -> list[float]:
    last, count = (end, N + 1) if end > 0 else (path.t_min, N)
    first = path.t_max
    if last >= first:
        raise ValueError(f"this grid starts at t = {first:g}, so it cannot end at t_min = {last:g}")
    high, low = -path.lam(first), -path.lam(last)  # log noise levels
    if spacing == "logsnr":
        logs = np.linspace(high, low, count)
    else:
        logs = RHO * np.log(np.linspace(math.exp(high / RHO), math.exp(low / RHO), count))
    times = [path.t_of_lam(-log) for log in logs.tolist()]
    times[0] = first  # the ends exactly, not to rounding
    if count > 1:
        times[-1] = last
    return times if end > 0 else [*times, 0.0]
