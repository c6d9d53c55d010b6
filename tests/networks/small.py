"""U-Nets small enough for a test."""

import torch

from diffusion_lessons.networks import UNet, UNetConfig

TINY = {"widths": (8, 16), "embedding": 16, "classes": 3}


def tiny(**changes) -> UNet:
    """A U-Net of two widths and three classes, with a fixed seed; `changes` are fields of its configuration."""
    torch.manual_seed(0)
    return UNet(UNetConfig(**{**TINY, **changes}))


def awake(network: UNet) -> UNet:
    """The same network with its zero-initialised layers filled, so that its output depends on everything."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return network
