"""The Pareto frontier: the rows that no other row beats.

A claim about speed alone, or about quality alone, is incomplete. Every configuration has a cost and a quality: one that
another beats in both can be discarded, and those that remain form the frontier, from which one chooses. Nothing is
interpolated: every point of a frontier was measured.

A row beats another only *beyond the error of their difference*: one whose sign could change if the samples were drawn
again does not count. Rows share noise and labels, so that this error is that of pairs: often far smaller than what the
bars of two rows suggest. On axes without an error (evaluations, parameters) any difference counts, and equal values are
allowed. Two samplers that do the same differ by rounding alone: distances within `ROUNDING` of each other are equal.

    table = frame(rows)  # of `benchmark.rows`
    best = table[on_frontier(table, ["seconds_per_image", "frechet_value"])]
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from diffusion_lessons.metrics.jackknife import deviations
from diffusion_lessons.metrics.scores import METRICS

Z = 2.0  # standard errors of the difference by which a row must be better
ROUNDING = 1e-6  # by which two figures of the same samples may differ, where they were drawn in float32


def on_frontier(table: pd.DataFrame, axes: Sequence[str], z: float = Z) -> np.ndarray:
    """Which rows no other row beats on these two or three columns; bool [rows].

    Lower is better, except for the metrics whose `better` is "high". The errors of differences in `frechet_value` are
    found from `frechet_replicates` (`difference_errors`); other columns have none. Raises ValueError for an unknown
    column, for a row without a value, and for one that was kept without its replicates.
    """
    return non_dominated(_low_is_better(table, axes), difference_errors(table, axes), z)


def non_dominated(values: np.ndarray, errors: np.ndarray | None = None, z: float = Z) -> np.ndarray:
    """Rows of `values` [n, axes], where lower is better, that no other row dominates; bool [n].

    `errors` [n, n, axes] are the standard errors of the differences. j dominates i if on every axis a

        v_j + z e_ij <= v_i,   and on some axis v_j < v_i.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"values must be finite numbers, [rows, axes]; got shape {values.shape}")
    n, axes = values.shape
    errors = np.zeros((n, n, axes)) if errors is None else np.asarray(errors, dtype=np.float64)
    if errors.shape != (n, n, axes) or not (errors >= 0).all():
        raise ValueError(f"errors must be numbers of at least 0, one for each two rows, {(n, n, axes)}")
    no_worse = (values[None] + z * errors <= values[:, None]).all(axis=2)
    better = no_worse & (values[None] < values[:, None]).any(axis=2)  # [i, j]: j is better than i
    return ~np.any(better, axis=1)


def difference_errors(table: pd.DataFrame, axes: Sequence[str]) -> np.ndarray:
    """The standard error of the difference of each two rows in each column, [rows, rows, axes]: that of pairs.

    0 for a column of counts. Raises ValueError where a row has an error and no replicates, as in tables of older code:
    that two rows share their noise cannot be told from their bars.
    """
    return np.stack([_pair_errors(table, name.removesuffix("_value")) for name in axes], axis=2)


def _pair_errors(table: pd.DataFrame, metric: str) -> np.ndarray:
    if f"{metric}_spread" not in table:
        return np.zeros((len(table), len(table)))
    if f"{metric}_replicates" not in table or not all(map(len, table[f"{metric}_replicates"])):
        raise ValueError(
            f"{metric} was kept without the replicates from which the error of a difference is found: measure these "
            "rows again, with `diffusion-lessons benchmark`"
        )
    for name in {"samples", "seed"} & set(table):
        if table[name].nunique() > 1:
            raise ValueError(
                f"rows of {name} {sorted(set(table[name].tolist()))} share no noise, which pairs them: take one"
            )
    luck = np.stack([deviations(torch.tensor(one)).numpy() for one in table[f"{metric}_replicates"]])
    errors = np.linalg.norm(luck[:, None] - luck[None], axis=2)
    return np.where(errors > ROUNDING, errors, 0.0)


def knee(table: pd.DataFrame, x: str, y: str) -> int | None:
    """Where the frontier bends most: the row (its position) after which more cost buys little.

    On logarithmic axes scaled to [0, 1], the frontier point farthest below the straight line between its two ends. None
    if no point lies below it, and where values have no logarithm: of a score that is the better the higher it is, or a
    distance estimated at 0 or less.
    """
    values = _low_is_better(table, [x, y])
    rows = np.flatnonzero(non_dominated(values))
    if (values[rows] <= 0).any():
        return None
    logs = np.log(values[rows])
    width = np.ptp(logs, axis=0)
    if (width == 0).any():
        return None
    u, v = ((logs - logs.min(axis=0)) / width).T  # from (0, 1) to (1, 0) along the frontier
    below = 1 - u - v
    return int(rows[below.argmax()]) if below.max() > 1e-12 else None


def best_under(table: pd.DataFrame, budget: Mapping[str, float], quality: str, z: float = Z) -> pd.DataFrame:
    """The best row within the budget, and all rows whose difference from it is not resolved, cheapest first.

        best_under(table, {"seconds_per_image": 0.05}, "frechet_value")

    Rows are returned as they were measured, never interpolated. Raises ValueError if no row fits, naming the lowest
    cost in each column of the budget.
    """
    costs = _low_is_better(table, list(budget))
    fits = (costs <= np.array(list(budget.values()))).all(axis=1)
    if not fits.any():
        cheapest = ", ".join(f"{name} {value:.3g}" for name, value in zip(budget, costs.min(axis=0), strict=True))
        asked = ", ".join(f"{name} {value:g}" for name, value in budget.items())
        raise ValueError(f"no row fits within {asked}; the lowest costs are {cheapest}")
    values, errors = _low_is_better(table, [quality])[:, 0], _pair_errors(table, quality.removesuffix("_value"))
    best = np.flatnonzero(fits)[values[fits].argmin()]
    tied = fits & (values - values[best] <= z * errors[best])
    return table[tied].sort_values([*budget, quality])


def _low_is_better(table: pd.DataFrame, axes: Sequence[str]) -> np.ndarray:
    """Values of the columns, [rows, axes], with the sign reversed where higher is better.

    Figures of metrics that differ by rounding alone are made equal, so that neither of such rows beats the other.
    """
    if len(table) == 0:
        raise ValueError("a table without rows has no frontier: measure something first")
    values = []
    for name in axes:
        if name not in table:
            raise ValueError(f"no column {name!r}; the table has {', '.join(map(str, table.columns))}")
        column = table[name].to_numpy(dtype=np.float64)
        if np.isnan(column).any():
            raise ValueError(
                f"row {int(np.isnan(column).argmax())} has no {name}: leave such rows out, or measure them"
            )
        metric = METRICS.get(name.removesuffix("_value"))
        column = column if metric is None else _without_rounding(column)
        values.append(-column if metric and metric.better == "high" else column)
    return np.stack(values, axis=1)


def _without_rounding(column: np.ndarray) -> np.ndarray:
    """Each value, or the least of those that reach it in differences of at most `ROUNDING`."""
    order = column.argsort()
    firsts = np.diff(column[order], prepend=-np.inf) > ROUNDING
    equal = np.empty_like(column)
    equal[order] = column[order][firsts][firsts.cumsum() - 1]
    return equal
