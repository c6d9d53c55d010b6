"""The probe of C22, on samples that are copies and on samples that are not."""

import pytest
import torch

from claims import memorization
from claims.evidence import FAILS, HOLDS
from diffusion_lessons.metrics.memorization import memorization_probe


def test_fifty_digits_are_reproduced():
    found = memorization.fifty_digits_by_heart()
    assert found.verdict == HOLDS and found.numbers[0].n > 0.9


@pytest.mark.parametrize(("copies", "verdict"), [(True, HOLDS), (False, FAILS)])
def test_the_verdict_is_the_probes(copies, verdict):
    train, held_out, other = torch.randn(3, 200, 16, generator=torch.Generator().manual_seed(0))
    samples = train[:100] if copies else other[:100]
    found = memorization._evidence(memorization_probe(samples, train, held_out), "A network")
    assert found.verdict == verdict and found.because.startswith("A network: ")
