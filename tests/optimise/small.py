"""A denoiser of images small enough for a test, all of whose layers are awake."""

import torch
from torch import Tensor

from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.schedules import cosine
from tests.networks.small import awake, tiny

SHAPE = (1, 8, 8)


def small(**changes) -> Denoiser:
    network = awake(tiny(**{"widths": (16, 16), **changes})).eval().requires_grad_(False)
    return Denoiser(network, cosine(), "v", classes=3, shape=SHAPE, card={"sha256": "of the small one"})


def images(count: int = 6, seed: int = 0) -> tuple[Tensor, Tensor]:
    """x [count, 1, 8, 8] and labels [count]."""
    return torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(seed)), torch.arange(count) % 3
