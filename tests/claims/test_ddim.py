"""Verdicts on DDIM follow from the distances, whatever these are (C1, C2, C6, C7)."""

import pytest

from claims import ddim, distances
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE
from tests.claims.made import EXACT_ERRORS, row


@pytest.mark.parametrize(
    ("case", "verdicts"),
    [(0, (FAILS, CONDITION)), (1, (HOLDS, FAILS)), (2, (FAILS, CONDITION)), (3, (NOT_RESOLVABLE, CONDITION))],
)
def test_fifty_and_ten_exact_steps(monkeypatch, case, verdicts):
    monkeypatch.setattr(distances, "distance", EXACT_ERRORS[case])
    assert (ddim.fifty_exact_steps().verdict, ddim.ten_exact_steps().verdict) == verdicts


@pytest.mark.parametrize(
    ("distance", "spread", "seconds", "verdict"),
    [
        (2.1, 0.01, 0.05, HOLDS),
        (2.1, 0.01, 0.5, CONDITION),  # as good, but twice as fast only
        (4.0, 0.01, 0.05, CONDITION),  # as fast, but not as good
        (4.0, 0.01, 0.5, FAILS),
        (2.1, 0.5, 0.05, NOT_RESOLVABLE),
    ],
)
def test_fifty_steps_of_a_network(tables, distance, spread, seconds, verdict):
    tables(row("ddim", 50, distance, spread, seconds=seconds), row("ddpm", 1000, 2.0, seconds=1.0))
    assert ddim.fifty_steps_on_mnist().verdict == verdict


@pytest.mark.parametrize(
    ("distance", "adherence", "verdict"),
    [(3.0, 0.97, HOLDS), (3.0, 0.8, CONDITION), (1.5, 0.97, CONDITION), (2.01, 0.97, NOT_RESOLVABLE)],
)
def test_ten_steps_of_a_network(tables, distance, adherence, verdict):
    tables(
        row("ddim", 10, distance, metrics={"adherence": adherence}), row("ddim", 50, 2.0, metrics={"adherence": 0.98})
    )
    assert ddim.ten_steps_on_mnist().verdict == verdict


@pytest.mark.parametrize(
    ("recall", "diversity", "verdict"),
    [(0.7, 4.0, HOLDS), (0.7, 5.0, HOLDS), (0.7, 6.0, CONDITION), (0.801, 5.001, NOT_RESOLVABLE)],
)
def test_diversity(tables, recall, diversity, verdict):
    same = {"coverage": 0.8}
    tables(
        row("ddim", 50, metrics={"recall": recall, "diversity": diversity, **same}),
        row("ddpm", 1000, metrics={"recall": 0.8, "diversity": 5.0, **same}),
    )
    assert ddim.diversity().verdict == verdict


def test_the_same_seed_gives_the_same_sample():
    assert ddim.same_seed_same_sample().verdict == HOLDS
