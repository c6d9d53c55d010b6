"""The verdicts on fewer steps follow from the distances, whatever these are."""

import pytest

from claims import on_fewer_steps
from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Number


def errors(ddim, solver, chain=0.02, spread=1e-4):
    """Distances that fall as 1 / steps (DDIM) and 1 / steps^2 (the solver) to what the chain reaches."""
    values = {
        "ddim": lambda steps: chain + ddim / steps,
        "dpm_solver_pp_2m": lambda steps: chain + solver / steps**2,
        "ddpm": lambda steps: chain,
    }

    def distance(sampler, steps, mixture, **options):
        return Number(f"{sampler} {steps}", values[sampler](steps), spread)

    return distance


@pytest.mark.parametrize(
    ("found", "verdicts"),
    [
        (errors(ddim=0.45, solver=0.5), [FAILS, CONDITION, HOLDS]),  # 100 steps of DDIM, 10 of the solver
        (errors(ddim=0.001, solver=0.001), [HOLDS, FAILS, HOLDS]),  # as good in 20 steps and in 10
        (errors(ddim=10, solver=100), [FAILS, CONDITION, FAILS]),
        (errors(ddim=0.5, solver=0.5, spread=0.01), [NOT_RESOLVABLE, CONDITION, HOLDS]),
    ],
)
def test_verdicts(monkeypatch, found, verdicts):
    monkeypatch.setattr(on_fewer_steps, "distance", found)
    measures = (
        on_fewer_steps.fifty_against_a_thousand,
        on_fewer_steps.ten_steps,
        on_fewer_steps.fast_solver_against_ddpm,
    )
    assert [measure().verdict for measure in measures] == verdicts


def test_the_table_names_the_fewest_steps_that_do(monkeypatch):
    monkeypatch.setattr(on_fewer_steps, "distance", errors(ddim=0.45, solver=0.5))
    found = on_fewer_steps.one_table()
    assert found.verdict == HOLDS  # 10 and 100 times fewer
    saved = {number.name: number.value for number in found.numbers if "saved" in number.name}
    assert saved["broad: ddim in 100 steps: evaluations saved, times"] == 10
    assert saved["narrow: dpm_solver_pp_2m in 10 steps: evaluations saved, times"] == 100
