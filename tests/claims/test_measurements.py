"""The quick measurements behind the ledger."""

import pytest

from claims import on_guidance, on_paths, on_sampling, on_training
from claims.ledger import CONDITION, FAILS, HOLDS


@pytest.mark.parametrize(
    ("measure", "verdict"),
    [
        (on_sampling.same_seed_same_sample, HOLDS),
        (on_guidance.scales_zero_and_one, HOLDS),
        (on_guidance.two_passes, CONDITION),
        (on_training.passes_of_a_training_step, FAILS),
        (on_paths.straight_after_reflow_or_coupling, CONDITION),
    ],
)
def test_exact_measurements(measure, verdict):
    found = measure()
    assert found.verdict == verdict and found.because.endswith(".")
    for number in found.numbers:
        assert number.value == number.value  # no NaN


def test_a_default_negative_pays_where_much_is_spoiled(monkeypatch):
    monkeypatch.setattr(on_guidance, "SAMPLES", 1000)
    monkeypatch.setattr(on_guidance, "STEPS", 30)
    found = on_guidance.a_default_negative()
    value = {number.name: number.value for number in found.numbers}
    assert found.verdict == CONDITION
    assert value["1% spoiled: negative"] > value["1% spoiled: no negative"]
    assert value["50% spoiled: negative"] < value["50% spoiled: no negative"]
