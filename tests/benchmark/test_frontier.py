"""The frontier's defining properties, on any table; ties, spreads and budgets."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffusion_lessons.benchmark.frontier import best_under, knee, non_dominated, on_frontier

numbers = st.integers(-5, 5).map(float)  # few values, so that ties happen
tables = st.tuples(st.integers(1, 12), st.integers(2, 3)).flatmap(
    lambda shape: st.tuples(arrays(float, shape, elements=numbers), arrays(float, shape, elements=st.floats(0, 2)))
)


def dominates(j, i, values, spreads):
    """The definition, pair by pair."""
    margin = np.hypot(spreads[i], spreads[j])  # as sqrt of squares, tiny spreads would vanish
    return all(values[j] + margin <= values[i]) and any(values[j] < values[i])


@given(tables)
def test_it_is_the_definition_and_every_beaten_row_is_beaten_by_the_frontier(table):
    values, spreads = table
    kept = non_dominated(values, spreads)
    n = len(values)
    for i in range(n):
        rivals = [j for j in range(n) if dominates(j, i, values, spreads)]
        assert kept[i] == (not rivals)
        assert kept[i] or any(kept[j] for j in rivals)
    assert kept.any()


@given(tables, st.randoms())
def test_order_scale_and_repetition_do_not_matter(table, random):
    values, spreads = table
    kept = non_dominated(values, spreads)
    order = list(range(len(values)))
    random.shuffle(order)
    assert (non_dominated(values[order], spreads[order]) == kept[order]).all()
    assert (non_dominated(8 * values, 8 * spreads) == kept).all()
    once_more = np.concatenate([values, values]), np.concatenate([spreads, spreads])
    assert (non_dominated(*once_more)[: len(values)] == kept).all()


@given(tables)
def test_wider_spreads_never_shrink_the_frontier(table):
    values, spreads = table
    assert (non_dominated(values, 2 * spreads) >= non_dominated(values, spreads)).all()
    assert (non_dominated(values, spreads) >= non_dominated(values)).all()


def rows(**columns):
    return pd.DataFrame(columns)


def test_a_row_is_beaten_only_beyond_its_spread():
    table = rows(nfe=[10, 20, 20], frechet_value=[2.0, 2.1, 4.0], frechet_spread=[0.2, 0.2, 0.2])
    assert on_frontier(table, ["nfe", "frechet_value"]).tolist() == [True, True, False]
    assert on_frontier(table.drop(columns="frechet_spread"), ["nfe", "frechet_value"]).tolist() == [True, False, False]
    high = rows(nfe=[10, 20], recall_value=[0.5, 0.9], recall_spread=[0.0, 0.0])
    assert on_frontier(high, ["nfe", "recall_value"]).all()  # recall is better when it is high


def test_the_knee_is_the_corner():
    table = rows(nfe=[1, 10, 100, 1000, 50], frechet_value=[100.0, 2.0, 1.5, 1.0, 90.0])
    assert knee(table, "nfe", "frechet_value") == 1
    straight = rows(nfe=[1.0, 10.0, 100.0], frechet_value=[100.0, 10.0, 1.0])
    assert knee(straight, "nfe", "frechet_value") is None
    assert knee(straight[:1], "nfe", "frechet_value") is None
    with pytest.raises(ValueError, match="not above 0"):
        knee(rows(nfe=[1, 2], frechet_value=[1.0, -1.0]), "nfe", "frechet_value")


def test_best_under_a_budget_keeps_what_cannot_be_told_apart():
    table = rows(
        sampler=["a", "b", "c", "d"],
        seconds_per_image=[0.5, 0.1, 0.2, 3.0],
        frechet_value=[2.0, 5.0, 2.1, 0.1],
        frechet_spread=[0.1, 0.1, 0.1, 0.1],
    )
    assert best_under(table, {"seconds_per_image": 1.0}, "frechet_value")["sampler"].tolist() == ["c", "a"]
    assert best_under(table, {"seconds_per_image": 0.1}, "frechet_value")["sampler"].tolist() == ["b"]
    with pytest.raises(ValueError, match="the lowest costs are seconds_per_image 0.1"):
        best_under(table, {"seconds_per_image": 0.01}, "frechet_value")


def test_rows_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="no column 'fid'"):
        on_frontier(rows(nfe=[1]), ["nfe", "fid"])
    with pytest.raises(ValueError, match="row 1 has no seconds_per_image"):
        on_frontier(rows(seconds_per_image=[1.0, None], nfe=[1, 2]), ["seconds_per_image", "nfe"])
    with pytest.raises(ValueError, match="without rows"):
        on_frontier(rows(nfe=[]), ["nfe"])
    with pytest.raises(ValueError, match="finite"):
        non_dominated([[np.nan, 1.0]])
