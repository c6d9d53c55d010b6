"""A denoiser whose network is a copy that may be changed: what every technique on a network starts from."""

import copy

from torch import nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.latent_unet import LatentUNet
from diffusion_lessons.networks.unet import UNet


def copied(denoise: Denoiser) -> Denoiser:
    """The same denoiser with a copy of its network; the weights are not copied, and belong to both.

    Raises ValueError for what `load` does not return, such as a guided denoiser, and for a compiled network.
    """
    network = network_of(denoise)
    weights = {id(weight): weight for weight in (*network.parameters(), *network.buffers())}
    return denoise.with_network(copy.deepcopy(network, weights))


def network_of(denoise: Denoiser) -> nn.Module:
    """The network of a denoiser that may be changed inside. Raises ValueError as `copied` does."""
    if not isinstance(denoise, Denoiser) or not isinstance(denoise.network, nn.Module):
        raise ValueError("a network is changed inside: give the denoiser that `load` returns, before guidance")
    if denoise.is_compiled:
        raise ValueError("a compiled network has no parts to change: load it with compile=False, and compile last")
    return denoise.network


def unet_of(denoise: Denoiser) -> UNet | LatentUNet:
    """The U-Net inside a denoiser. Raises ValueError where there is none, and as `copied` does."""
    return unet_in(network_of(denoise))


def unet_in(network: nn.Module) -> UNet | LatentUNet:
    """The U-Net inside a network. Raises ValueError where there is none."""
    found = [part for part in network.modules() if isinstance(part, UNet | LatentUNet)]
    if len(found) != 1:
        raise ValueError(f"this is done in a U-Net, and this network ({type(network).__name__}) holds none")
    return found[0]
