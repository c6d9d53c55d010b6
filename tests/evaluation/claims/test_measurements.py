"""The quick measurements behind the ledger."""

import pytest

from diffusion_lessons.evaluation.claims import on_guidance, on_paths, on_sampling, on_training
from diffusion_lessons.evaluation.claims.ledger import CONDITION, FAILS, HOLDS


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
