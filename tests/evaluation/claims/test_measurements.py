"""The quick measurements behind the ledger, and the yardstick of the others."""

import pytest
import torch

from diffusion_lessons.evaluation.claims import laws, on_guidance, on_paths, on_sampling, on_training
from diffusion_lessons.evaluation.claims.ledger import CONDITION, FAILS, HOLDS


def test_the_distance_to_a_law_is_wasserstein():
    mixture = laws.BROAD
    x = mixture.sample(200_000, torch.Generator().manual_seed(0), torch.float64)
    assert laws.distance_to_law(x, mixture) < 0.01
    assert laws.distance_to_law(x + 0.7, mixture) == pytest.approx(0.7, abs=0.01)  # moving all moves it as far


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
