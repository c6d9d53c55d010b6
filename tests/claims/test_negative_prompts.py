"""Verdicts on negative prompts (C15, C27)."""

import pytest

from claims import guidance, negative_prompts
from claims.evidence import CONDITION, FAILS, NOT_RESOLVABLE
from tests.claims.made import row


def test_a_default_negative_pays_where_much_is_spoiled(monkeypatch):
    monkeypatch.setattr(guidance, "SAMPLES", 1000)
    monkeypatch.setattr(guidance, "STEPS", 30)
    found = negative_prompts.a_default_against_spoiled_samples()
    value = {number.tag: number.n for number in found.numbers}
    assert found.verdict == CONDITION
    assert value["1% spoiled: negative"] > value["1% spoiled: no negative"]
    assert value["50% spoiled: negative"] < value["50% spoiled: no negative"]


@pytest.mark.parametrize(
    ("distance", "verdict", "says"),
    [(1.5, CONDITION, "helps"), (2.5, FAILS, "harms"), (2.01, NOT_RESOLVABLE, "no difference")],
)
def test_a_default_negative_on_digits(tables, distance, verdict, says):
    rest = {"scale": 2.0, "metrics": {"adherence": 0.9, "diversity": 5.0}}
    tables(
        row("dpm_solver_pp_2m", 10, 2.0, **rest),
        row("dpm_solver_pp_2m", 10, distance, negative=10, **rest),
    )
    found = negative_prompts.a_default_against_smudged_digits()
    assert found.verdict == verdict and says in found.because
