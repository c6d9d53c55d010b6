"""The running average against its definition."""

import pytest
import torch
from torch import nn

from diffusion_lessons.training.ema import EMA


def walk(values, share):
    """EMA of a one-number network that takes these values, one after another."""
    network = nn.Linear(1, 1, bias=False)
    ema = EMA(network, share)
    for step, value in enumerate(values):
        nn.init.constant_(network.weight, value)
        ema.update(network, step)
    return ema.network.weight.item()


def test_the_first_update_forgets_the_random_start():
    assert walk([7.0], 0.1) == 7.0


def test_matches_the_recurrence():
    values = torch.randn(50).tolist()
    average = 0.0
    for step, value in enumerate(values):
        average += (value - average) / (1 + 0.1 * step)
    assert walk(values, 0.1) == pytest.approx(average, rel=1e-4)


def test_share_one_is_the_plain_mean():
    values = torch.randn(40).tolist()
    assert walk(values, 1.0) == pytest.approx(sum(values) / 40, rel=1e-4)


@pytest.mark.parametrize("steps", [100, 1000])
def test_memory_is_a_share_of_the_run(steps):
    """Weights that grow like the step: the average lags by share / (1 + share) of the run, whatever its length."""
    assert walk([step / steps for step in range(steps)], 0.1) == pytest.approx(1 - 0.1 / 1.1, abs=0.02)


def test_the_average_needs_no_gradient_and_is_in_evaluation_mode():
    ema = EMA(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))
    assert not ema.network.training
    assert not any(p.requires_grad for p in ema.network.parameters())


def test_bad_share():
    with pytest.raises(ValueError, match="share"):
        EMA(nn.Linear(1, 1), 0.0)
