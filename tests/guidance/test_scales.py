"""Scales: what publications call them, and what is taken for one."""

import math

import pytest
import torch

from diffusion_lessons import guidance
from diffusion_lessons.guidance import classifier_free
from tests.guidance.problems import conditional, noise


def test_conventions():
    denoise, x, w = conditional(), noise(), 2.5
    u, c = denoise(x, 0.5).eps, denoise(x, 0.5, torch.full((4,), 1)).eps
    guided = classifier_free(denoise, 1, guidance.scale_from_w(w))(x, 0.5)
    torch.testing.assert_close(guided.eps, (1 + w) * c - w * u)
    assert set(guidance.CONVENTIONS.values()) == {"s", "w"}


def test_a_scale_is_a_number_one_for_each_sample_or_a_function():
    assert guidance.as_scale(3) == 3.0 and guidance.as_scale(math.exp) is math.exp
    assert guidance.as_scale([1, 2.5]).tolist() == [1.0, 2.5]
    for wrong in ("three", None, math.inf, [[1.0, 2.0]], [], [1.0, math.nan]):
        with pytest.raises(ValueError, match="scale must be a finite number"):
            guidance.as_scale(wrong)
