"""Drift: a known distance, an error that fits, and pairs."""

import pytest
import torch

from diffusion_lessons.benchmark.drift import drift
from diffusion_lessons.metrics.intervals import interval


def noise(seed, n=400):
    return torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_samples_moved_by_a_known_distance():
    x = noise(0)
    assert drift(x, x).value == 0 and drift(x + 0.25, x).value == pytest.approx(0.25, rel=1e-5)
    assert drift(x + 0.25, x).spread == pytest.approx(0, abs=1e-6)


def test_the_error_is_that_of_new_draws():
    drawn = [drift(noise(seed) * noise(seed + 100)[:, :, :1, :1], torch.zeros(400, 1, 4, 4)) for seed in range(60)]
    values = torch.tensor([one.value for one in drawn])
    assert float(values.std()) == pytest.approx(sum(one.spread for one in drawn) / 60, rel=0.25)


def test_two_drifts_of_the_same_samples_pair():
    x, far = noise(1), noise(1)[:, :, :1, :1]
    near, further = drift(x + far, x), drift(x + 1.1 * far, x)
    difference = further.number - near.number
    assert difference.s < 0.2 * near.spread and interval(difference).low > 0
    labels = torch.arange(400) % 10
    assert drift(x + far, x, labels).value == near.value
    with pytest.raises(ValueError, match="one by one"):
        drift(x[1:], x)
