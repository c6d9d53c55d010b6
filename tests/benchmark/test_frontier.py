"""The frontier's defining properties, on any table; ties, spreads and budgets."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffusion_lessons.benchmark.frontier import best_under, difference_errors, knee, non_dominated, on_frontier
from diffusion_lessons.benchmark.rows import frame
from diffusion_lessons.metrics.scores import Score
from tests import made

numbers = st.integers(-5, 5).map(float)  # few values, so that ties happen
tables = st.tuples(st.integers(1, 12), st.integers(2, 3)).flatmap(
    lambda shape: st.tuples(
        arrays(float, shape, elements=numbers), arrays(float, (shape[0], *shape), elements=st.floats(0, 2))
    )
)


def dominates(j, i, values, errors):
    """The definition, pair by pair."""
    return all(values[j] + 2 * errors[i, j] <= values[i]) and any(values[j] < values[i])


@given(tables)
def test_it_is_the_definition_and_every_beaten_row_is_beaten_by_the_frontier(table):
    values, errors = table
    kept = non_dominated(values, errors)
    for i in range(len(values)):
        assert kept[i] == (not any(dominates(j, i, values, errors) for j in range(len(values))))
    assert kept.any()


@given(tables, st.randoms())
def test_order_scale_and_repetition_do_not_matter(table, random):
    values, errors = table
    kept = non_dominated(values, errors)
    order = list(range(len(values)))
    random.shuffle(order)
    assert (non_dominated(values[order], errors[order][:, order]) == kept[order]).all()
    assert (non_dominated(8 * values, 8 * errors) == kept).all()
    once_more = np.concatenate([values, values]), np.tile(errors, (2, 2, 1))
    assert (non_dominated(*once_more)[: len(values)] == kept).all()


@given(tables)
def test_wider_errors_never_shrink_the_frontier(table):
    values, errors = table
    assert (non_dominated(values, 2 * errors) >= non_dominated(values, errors)).all()
    assert (non_dominated(values, errors) >= non_dominated(values)).all()


def rows(**columns):
    return pd.DataFrame(columns)


def measured(values, luck, **more):
    """Fréchet distances with an error of 0.2 each; rows of the same luck move together."""
    kept = [made.replicates(value, 0.2, number) for value, number in zip(values, luck, strict=True)]
    return rows(frechet_value=values, frechet_spread=[0.2] * len(values), frechet_replicates=kept, **more)


def test_a_row_is_beaten_only_beyond_the_error_of_the_difference():
    axes = ["nfe", "frechet_value"]
    alone = measured([2.0, 2.1, 4.0], [0, 1, 2], nfe=[10, 20, 20])
    assert on_frontier(alone, axes).tolist() == [True, True, False]
    assert difference_errors(alone, axes)[..., 0].max() == 0  # evaluations are counted
    np.testing.assert_allclose(difference_errors(alone, axes)[..., 1], 0.2 * 2**0.5 * (1 - np.eye(3)), atol=1e-12)
    pairs = measured([2.0, 2.1, 4.0], [0, 0, 0], nfe=[10, 20, 20])  # the bars are as wide, the differences certain
    assert on_frontier(pairs, axes).tolist() == [True, False, False]
    assert len(best_under(alone, {"nfe": 20}, "frechet_value")) == 2
    assert len(best_under(pairs, {"nfe": 20}, "frechet_value")) == 1
    high = rows(nfe=[10, 20], recall_value=[0.5, 0.9])
    assert on_frontier(high, ["nfe", "recall_value"]).all()  # recall is better when it is high


def test_two_samplers_that_do_the_same_tie_although_their_figures_differ_by_rounding():
    """As DDIM and DPM-Solver++(2M) do in two steps: the pair has no error, and 2e-9 is no difference."""
    values, axes = [1.5, 1.770939398, 1.7709394, 3.0], ["nfe", "frechet_value"]
    table = measured(values, [1, 0, 0, 2], nfe=[9, 2, 2, 2], sampler=["a", "b", "c", "d"])
    for order in ([0, 1, 2, 3], [2, 1, 3, 0]):
        mixed = table.iloc[order]
        for z in (0.0, 2.0):
            assert set(mixed["sampler"][on_frontier(mixed, axes, z=z)]) == {"a", "b", "c"}
        assert set(best_under(mixed, {"nfe": 2}, "frechet_value")["sampler"]) == {"b", "c"}
    cheaper = table.assign(nfe=[9, 1, 2, 2])
    assert set(cheaper["sampler"][on_frontier(cheaper, axes)]) == {"a", "b"}  # as good for less


def test_the_knee_is_the_corner():
    table = rows(nfe=[1, 10, 100, 1000, 50], frechet_value=[100.0, 2.0, 1.5, 1.0, 90.0])
    assert knee(table, "nfe", "frechet_value") == 1
    straight = rows(nfe=[1.0, 10.0, 100.0], frechet_value=[100.0, 10.0, 1.0])
    assert knee(straight, "nfe", "frechet_value") is None
    assert knee(straight[:1], "nfe", "frechet_value") is None
    assert knee(rows(nfe=[1, 2], frechet_value=[1.0, -1.0]), "nfe", "frechet_value") is None  # no logarithm
    assert knee(rows(nfe=[1, 2, 3], adherence_value=[0.5, 0.8, 0.9]), "nfe", "adherence_value") is None


def test_best_under_a_budget_keeps_what_cannot_be_told_apart():
    values = [2.0, 5.0, 2.1, 0.1]
    table = measured(values, range(4), sampler=["a", "b", "c", "d"], seconds_per_image=[0.5, 0.1, 0.2, 3.0])
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
    with pytest.raises(ValueError, match="one for each two rows"):
        non_dominated([[1.0, 1.0]], [[0.1, 0.1]])


def test_no_difference_is_taken_as_if_rows_were_independent():
    old = frame([replace(one, quality={"frechet": Score(2.0, 0.1, 1.0, 0.1, 2000)}) for one in made.teacher()])
    for asked in (
        lambda: on_frontier(old, ["nfe", "frechet_value"]),
        lambda: best_under(old, {"nfe": 9}, "frechet_value"),
    ):
        with pytest.raises(ValueError, match="frechet was kept without the replicates .* measure these rows again"):
            asked()
    mixed = frame([made.row("net", "ddim", 1, 3.0), made.row("net", "ddim", 2, 2.0, samples=500)])
    with pytest.raises(ValueError, match=r"rows of samples \[500, 2000\] share no noise"):
        on_frontier(mixed, ["nfe", "frechet_value"])
