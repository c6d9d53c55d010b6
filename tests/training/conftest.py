"""A recipe and images small enough to train in a second."""

import pytest
import torch

from diffusion_lessons.data import Data
from diffusion_lessons.networks import UNetConfig
from diffusion_lessons.training.recipes import Recipe


@pytest.fixture
def tiny_data() -> Data:
    """Two classes of 8x8 images: bright above, or bright below."""
    pixels = torch.zeros(64, 1, 8, 8, dtype=torch.uint8)
    pixels[:32, :, :4] = 255
    pixels[32:, :, 4:] = 255
    labels = torch.arange(64) // 32
    return Data(pixels, labels, ("above", "below"), {"name": "halves", "licence": "none"})


@pytest.fixture
def tiny_recipe() -> Recipe:
    network = UNetConfig(widths=(8, 16), embedding=16, dropout=0.0)
    return Recipe("tiny", "halves", images=320, batch=16, network=network)  # 20 steps
