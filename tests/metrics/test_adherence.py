"""Adherence, diversity and saturation, counted by hand."""

import pytest
import torch

from diffusion_lessons.metrics import adherence
from diffusion_lessons.metrics.adherence import diversity


def test_adherence_diversity_and_saturation():
    asked = torch.tensor([0, 1, 2, 2])
    assert adherence.adherence(torch.tensor([0, 1, 2, 0]), asked) == 0.75
    features = torch.tensor([[0.0], [2.0], [10.0], [14.0]])
    assert diversity(features, torch.tensor([0, 0, 1, 1])) == pytest.approx(3.0)
    x = torch.tensor([[[[1.5, -1.0]]], [[[0.0, -3.0]]]])
    assert adherence.out_of_range(x) == pytest.approx((0.5 + 2.0) / 4)
    assert adherence.contrast(torch.tensor([[-3.0], [3.0]]), 1.5) == pytest.approx(2.0)
