"""A density in one or two dimensions, known up to its normaliser, as a table: its integral, samples and moments."""

from collections.abc import Callable

import torch
from torch import Tensor

CELLS = {1: 8000, 2: 400}  # along each side
NEGLIGIBLE = 40.0  # nats below the top: exp(-40) of it


class GridDensity:
    """exp(log_density(x)) / Z on a grid of cells that covers it wherever it exceeds exp(-40) of its maximum.

    `log_density` takes x [B, *shape] with one or two numbers a sample; `centres` [K, d] and `reach` say where to look
    first. The box grows until the density is negligible on its border, then shrinks to where it is not.
    """

    def __init__(self, log_density: Callable[[Tensor], Tensor], shape: tuple[int, ...], centres: Tensor, reach: float):
        self._log_density, self.shape = log_density, shape
        low, high = centres.min(dim=0).values - reach, centres.max(dim=0).values + reach  # [d]
        points, logs = self._table(low, high)
        for _ in range(60):
            if not (self._border(logs) > logs.max() - NEGLIGIBLE).any():
                break
            low, high = low - (high - low) / 2, high + (high - low) / 2
            points, logs = self._table(low, high)
        else:
            raise ValueError("the density does not become negligible within any reasonable distance")
        for _ in range(3):  # each time the cells get finer
            kept = points[(logs > logs.max() - NEGLIGIBLE).flatten()]
            margin = (high - low) / (len(logs) / 2)
            low, high = kept.min(dim=0).values - margin, kept.max(dim=0).values + margin
            points, logs = self._table(low, high)
        self.cell = (high - low) / len(logs)  # [d], the size of a cell
        log_cell = float(self.cell.log().sum())
        self.log_normaliser = float(logs.flatten().logsumexp(dim=0)) + log_cell
        self.points, self.probabilities = points, (logs.flatten() + log_cell - self.log_normaliser).exp()  # [n, d], [n]

    def log_prob(self, x: Tensor) -> Tensor:
        """log density at x [B, *shape]; [B]."""
        return self._log_density(x) - self.log_normaliser

    def sample(self, n: int, generator: torch.Generator | None = None, dtype: torch.dtype = torch.float32) -> Tensor:
        """n samples [n, *shape]: a cell by its probability, then anywhere in it."""
        uniform = torch.rand(n, 1 + len(self.cell), dtype=torch.float64, generator=generator)
        total = self.probabilities.cumsum(0)
        index = torch.searchsorted(total, uniform[:, 0] * total[-1]).clamp(max=len(total) - 1)
        x = self.points[index] + (uniform[:, 1:] - 0.5) * self.cell
        return x.reshape(n, *self.shape).to(dtype)

    @property
    def mean(self) -> Tensor:
        """E[x], [d]."""
        return self.probabilities @ self.points

    @property
    def covariance(self) -> Tensor:
        """Cov[x], [d, d]."""
        deviations = self.points - self.mean
        return (self.probabilities[:, None] * deviations).mT @ deviations

    def _table(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """The centres of the cells between two corners, [n, d], and log_density there, [cells] or [cells, cells]."""
        cells = CELLS[len(low)]
        middle = (torch.arange(cells, dtype=torch.float64) + 0.5) / cells
        sides = [a + (b - a) * middle for a, b in zip(low, high, strict=True)]
        points = torch.stack(torch.meshgrid(*sides, indexing="ij"), dim=-1).reshape(-1, len(low))
        logs = torch.cat([self._log_density(part.reshape(-1, *self.shape)) for part in points.split(50_000)])
        return points, logs.reshape([cells] * len(low))

    @staticmethod
    def _border(logs: Tensor) -> Tensor:
        sides = [logs.select(axis, end).flatten() for axis in range(logs.ndim) for end in (0, -1)]
        return torch.cat(sides)
