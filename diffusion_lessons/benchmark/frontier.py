"""The Pareto frontier: the rows that no other row beats.

A claim about speed alone, or about quality alone, is incomplete. Every configuration has a cost and a quality: one that
another beats in both can be discarded, and those that remain form the frontier, from which one chooses. Nothing is
interpolated: every point of a frontier was measured.

A row beats another only *beyond the spread*: a difference whose sign could change if the samples were drawn again does
not count. On axes without a spread (evaluations, parameters) any difference counts, and equal values are allowed.

    table = frame(rows)  # of `benchmark.rows`
    best = table[on_frontier(table, ["seconds_per_image", "frechet_value"])]
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from diffusion_lessons.metrics.scores import METRICS

Z = 1.0  # standard errors by which a row must be better


def on_frontier(table: pd.DataFrame, axes: Sequence[str], z: float = Z) -> np.ndarray:
    """Which rows no other row beats on these two or three columns; bool [rows].

    Lower is better, except for the metrics whose `better` is "high". The spread of `frechet_value` is read from
    `frechet_spread`; other columns have none. Raises ValueError for an unknown column and for a row without a value.
    """
    values, spreads = _low_is_better(table, axes)
    return non_dominated(values, spreads, z)


def non_dominated(values: np.ndarray, spreads: np.ndarray | None = None, z: float = Z) -> np.ndarray:
    """Rows of `values` [n, axes], where lower is better, that no other row dominates; bool [n].

    j dominates i if on every axis a   v_j + z sqrt(s_j^2 + s_i^2) <= v_i,   and on some axis v_j < v_i.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise ValueError(f"values must be finite numbers, [rows, axes]; got shape {values.shape}")
    spreads = np.zeros_like(values) if spreads is None else np.asarray(spreads, dtype=np.float64)
    if spreads.shape != values.shape or not (spreads >= 0).all():
        raise ValueError("spreads must be numbers of at least 0, one for each value")
    margin = z * np.hypot(spreads[:, None], spreads[None])  # [i, j, axes]
    better = (values[None] + margin <= values[:, None]).all(axis=2) & (values[None] < values[:, None]).any(axis=2)
    return ~better.any(axis=1)


def knee(table: pd.DataFrame, x: str, y: str) -> int | None:
    """Where the frontier bends most: the row (its position) after which more cost buys little.

    On logarithmic axes scaled to [0, 1], the frontier point farthest below the straight line between its two ends. None
    if no point lies below it. Raises ValueError for values that have no logarithm.
    """
    values, _ = _low_is_better(table, [x, y])
    rows = np.flatnonzero(non_dominated(values))
    if (values[rows] <= 0).any():
        raise ValueError(f"the knee is defined on logarithmic axes, but {x} or {y} is not above 0 in every row")
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
    costs, _ = _low_is_better(table, list(budget))
    fits = (costs <= np.array(list(budget.values()))).all(axis=1)
    if not fits.any():
        cheapest = ", ".join(f"{name} {value:.3g}" for name, value in zip(budget, costs.min(axis=0), strict=True))
        raise ValueError(f"no row fits within {dict(budget)}; the lowest costs are {cheapest}")
    values, spreads = (columns[:, 0] for columns in _low_is_better(table, [quality]))
    best = np.flatnonzero(fits)[values[fits].argmin()]
    tied = fits & (values - values[best] <= z * np.hypot(spreads, spreads[best]))
    return table[tied].sort_values([*budget, quality])


def _low_is_better(table: pd.DataFrame, axes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Values and spreads of the columns, [rows, axes] both, with the sign reversed where higher is better."""
    if len(table) == 0:
        raise ValueError("a table without rows has no frontier: measure something first")
    values, spreads = [], []
    for name in axes:
        if name not in table:
            raise ValueError(f"no column {name!r}; the table has {', '.join(map(str, table.columns))}")
        column = table[name].to_numpy(dtype=np.float64)
        if np.isnan(column).any():
            raise ValueError(
                f"row {int(np.isnan(column).argmax())} has no {name}: leave such rows out, or measure them"
            )
        metric = METRICS.get(name.removesuffix("_value"))
        values.append(-column if metric and metric.better == "high" else column)
        spread = f"{name.removesuffix('_value')}_spread"
        has_spread = name.endswith("_value") and spread in table
        spreads.append(table[spread].to_numpy(dtype=np.float64) if has_spread else np.zeros(len(table)))
    return np.stack(values, axis=1), np.stack(spreads, axis=1)
