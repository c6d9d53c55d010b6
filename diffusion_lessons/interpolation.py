"""A table of falling numbers as a smooth function of time, with its inverse and its derivative."""

import numpy as np
import torch
from scipy.interpolate import CubicSpline, PchipInterpolator
from torch import Tensor

ITERATIONS = 64  # of Newton's method; three or four are usual, and as many halvings of a bracket exhaust a double


class FallingCurve:
    """exp(y(t)) and y(t) through the positive numbers exp(y_n), n = 0, 1, ..., N, which fall strictly.

    Between whole times y is a cubic polynomial of w = t - n in [0, 1):

        y = y_n + P(w),   P(w) = w (c_1 + w (c_2 + w c_3)),   dy/dt = c_1 + w (2 c_2 + 3 w c_3)
        exp(y) = exp(y_n) exp(P(w)): at whole times the table itself, bit for bit

    The polynomials are those of the cubic spline, whose second derivative is continuous, if it falls everywhere. Where
    a table is too coarse for it and it would swing (four levels from 0.99 to 0.0001), they are those of PCHIP, which
    falls wherever its table does and has a continuous first derivative (Fritsch and Butland 1984).

    Times and values are tensors of double precision on the CPU. t is kept in [0, N].
    """

    def __init__(self, values: np.ndarray):
        logs = np.log(values)
        self.rows = torch.from_numpy(np.column_stack([values, logs, _coefficients(logs)]))  # [N + 1, 5], see `_piece`

    def value(self, t: Tensor) -> Tensor:
        """exp(y(t))."""
        value, _, polynomial, w = self._piece(t)
        return value * _at(polynomial, w).exp()

    def log(self, t: Tensor) -> Tensor:
        """y(t)."""
        _, log, polynomial, w = self._piece(t)
        return log + _at(polynomial, w)

    def slope(self, t: Tensor) -> Tensor:
        """dy/dt."""
        _, _, polynomial, w = self._piece(t)
        return _slope(polynomial, w)

    def time(self, log: Tensor) -> Tensor:
        """The t in [0, N] at which y(t) is `log`: Newton's method in the piece that holds it, never leaving it."""
        logs = self.rows[:, 1].contiguous()
        log = log.clamp(logs[-1], logs[0])
        n = (torch.searchsorted(-logs, -log.contiguous()) - 1).clamp(0, max(len(logs) - 2, 0))
        _, start, *polynomial = self.rows[n].unbind(-1)
        rise = log - start
        low, high = torch.zeros_like(rise), torch.ones_like(rise)
        w = (rise / _at(polynomial, high)).clamp(0, 1)  # as if the piece were a straight line
        close = 4 * torch.finfo(w.dtype).eps
        for _ in range(ITERATIONS):
            error = _at(polynomial, w) - rise
            low, high = torch.where(error >= 0, w, low), torch.where(error <= 0, w, high)
            newton = w - error / _slope(polynomial, w)
            inside = (newton >= low) & (newton <= high)  # not so for NaN, which a slope of 0 gives
            before, w = w, torch.where(inside, newton, (low + high) / 2)
            if ((w - before).abs() <= close * w).all():
                break
        return n + w

    def _piece(self, t: Tensor) -> tuple[Tensor, Tensor, list[Tensor], Tensor]:
        """value_n, y_n, (c_1, c_2, c_3) and w, each like t."""
        t = t.clamp(0, len(self.rows) - 1)
        n = t.floor()
        value, log, *polynomial = self.rows[n.long()].unbind(-1)
        return value, log, polynomial, t - n


def _at(polynomial: list[Tensor], w: Tensor) -> Tensor:
    c1, c2, c3 = polynomial
    return w * (c1 + w * (c2 + w * c3))


def _slope(polynomial: list[Tensor], w: Tensor) -> Tensor:
    c1, c2, c3 = polynomial
    return c1 + w * (2 * c2 + 3 * w * c3)


def _coefficients(logs: np.ndarray) -> np.ndarray:
    """c_1, c_2, c_3 from each whole time on, [N + 1, 3]; beyond the last one the line goes straight on."""
    times = np.arange(len(logs), dtype=np.float64)
    if len(logs) == 1:
        return np.array([[-1.0, 0.0, 0.0]])
    curve = CubicSpline(times, logs)
    if not _falls(curve.c):
        curve = PchipInterpolator(times, logs)
    end = [float(curve(times[-1], 1)), 0.0, 0.0]
    return np.vstack([curve.c[2::-1].T, end])


def _falls(c: np.ndarray) -> bool:
    """Whether c[0] w^3 + c[1] w^2 + c[2] w falls on [0, 1] for every column: its slope's largest value is below 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        vertex = np.nan_to_num(-c[1] / (3 * c[0])).clip(0, 1)
    return max((c[2] + w * (2 * c[1] + 3 * w * c[0])).max() for w in (0.0, 1.0, vertex)) < 0
