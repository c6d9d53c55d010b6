"""A small text-to-image system and latents to denoise."""

import pytest
import torch

from diffusion_lessons.captions.denoiser import CaptionDenoiser
from tests.captions.small import small_denoiser


@pytest.fixture
def denoise() -> CaptionDenoiser:
    return small_denoiser()


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
