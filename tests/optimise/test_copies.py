"""What a technique may change inside, and what it refuses."""

import pytest
import torch

from diffusion_lessons.denoisers import Denoiser, condition_on
from diffusion_lessons.networks import MLP, MLPConfig
from diffusion_lessons.optimise.copies import copied, unet_of
from diffusion_lessons.schedules import cosine
from tests.optimise.small import small


def test_a_copy_has_its_own_network_and_the_same_weights():
    denoise = small()
    other = copied(denoise)
    assert other.network is not denoise.network and unet_of(other) is not unet_of(denoise)
    pairs = zip(other.network.parameters(), denoise.network.parameters(), strict=True)
    assert all(mine is yours for mine, yours in pairs)
    assert other.path is denoise.path and other.shape == denoise.shape


def test_what_cannot_be_changed_inside_is_refused():
    denoise = small()
    with pytest.raises(ValueError, match="before guidance"):
        copied(condition_on(denoise, 1))
    with pytest.raises(ValueError, match="before guidance"):
        copied(Denoiser(lambda x, t: x, cosine()))
    with pytest.raises(ValueError, match="holds none"):
        unet_of(Denoiser(MLP(MLPConfig(dims=2)), cosine()))
    denoise.network = torch.compile(denoise.network)
    with pytest.raises(ValueError, match="compile last"):
        copied(denoise)
