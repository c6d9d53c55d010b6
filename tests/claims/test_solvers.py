"""Verdicts on fast solvers follow from the distances, whatever these are (C8, C20, C31)."""

import pytest

from claims import distances, solvers
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE
from tests.claims.made import EXACT_ERRORS, row


@pytest.mark.parametrize(("case", "verdict"), [(0, HOLDS), (1, HOLDS), (2, FAILS), (3, HOLDS)])
def test_ten_to_twenty_exact_steps(monkeypatch, case, verdict):
    monkeypatch.setattr(distances, "distance", EXACT_ERRORS[case])
    assert solvers.ten_to_twenty_exact_steps().verdict == verdict


def test_the_fewest_exact_evaluations_that_do(monkeypatch):
    monkeypatch.setattr(distances, "distance", EXACT_ERRORS[0])
    found = solvers.exact_evaluations_saved()
    assert found.verdict == HOLDS  # 10 and 100 times fewer
    saved = {number.tag: number.n for number in found.numbers if "saved" in number.tag}
    assert saved["broad: ddim in 100 steps: evaluations saved, times"] == 10
    assert saved["narrow: dpm_solver_pp_2m in 10 steps: evaluations saved, times"] == 100


def test_where_no_exact_steps_do_nothing_is_saved(monkeypatch):
    monkeypatch.setattr(distances, "distance", EXACT_ERRORS[2])
    found = solvers.exact_evaluations_saved()
    assert found.verdict == FAILS
    assert {number.n for number in found.numbers if "saved" in number.tag} == {1}


def table(ddim=(9.0, 9.0, 9.0), solver=(9.0, 9.0, 9.0), spread=0.01):
    """DDPM at 2, and the distances of DDIM in 10, 20 and 50 steps and of the solver in 10, 15 and 20."""
    return [
        row("ddpm", 1000, 2.0, seconds=1.0),
        *(row("ddim", k, d, spread, seconds=k / 1000) for k, d in zip((10, 20, 50), ddim, strict=True)),
        *(row("dpm_solver_pp_2m", k, d, spread, seconds=k / 1000) for k, d in zip((10, 15, 20), solver, strict=True)),
    ]


@pytest.mark.parametrize(
    ("solver", "spread", "verdict"),
    [
        ((2.4, 2.1, 2.0), 0.01, HOLDS),
        ((3.0, 2.1, 2.0), 0.01, CONDITION),
        ((3.0, 2.9, 2.8), 0.01, FAILS),
        ((2.4, 2.1, 2.0), 0.6, NOT_RESOLVABLE),
    ],
)
def test_ten_to_twenty_steps_of_a_network(tables, solver, spread, verdict):
    tables(*table(solver=solver, spread=spread))
    assert solvers.ten_to_twenty_steps_on_mnist().verdict == verdict


@pytest.mark.parametrize(
    ("ddim", "solver", "verdict"),
    [
        ((9.0, 9.0, 2.1), (9.0, 9.0, 2.1), HOLDS),  # 20 and 50 times fewer, as claimed
        ((9.0, 2.1, 2.1), (9.0, 9.0, 2.1), CONDITION),  # 50 and 50: both save, DDIM more than is claimed
        ((2.1, 2.1, 2.1), (9.0, 9.0, 2.1), FAILS),  # DDIM saves more than the solver
        ((9.0, 9.0, 9.0), (2.1, 2.1, 2.1), FAILS),  # DDIM saves nothing
    ],
)
def test_evaluations_saved_by_a_network(tables, ddim, solver, verdict):
    tables(*table(ddim, solver))
    assert solvers.evaluations_saved_on_mnist().verdict == verdict


@pytest.mark.parametrize(("solver", "verdict", "says"), [(2.0, NOT_RESOLVABLE, "cheaper"), (1.5, CONDITION, "differ")])
def test_who_is_best(tables, solver, verdict, says):
    tables(*table(ddim=(9.0, 9.0, 2.0), solver=(9.0, 9.0, solver)))
    found = solvers.who_is_best()
    assert found.verdict == verdict and says in found.because
