"""A network whose products are computed in half precision, as in training."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd


class HalfPrecision(nn.Module):
    """network(x, ...) under `torch.autocast`: convolutions, linear layers and attention in `dtype`, the rest as it is.

    What it is given and what it returns stay float32. The weights of the products, which autocast would round at every
    call since they take no gradient, are rounded once, in a copy. A compiled network is not copied, as the copy would
    have to be compiled anew: it rounds in passing. cast: False leaves every network to autocast alone, with the same
    results, for a comparison of their times.

    Raises ValueError for a network that says itself why not, in `why_not_half`.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype, *, cast: bool = True) -> None:
        super().__init__()
        if reason := getattr(network, "why_not_half", ""):
            raise ValueError(f"this network cannot compute in half precision: {reason}")
        self.dtype = dtype
        self.network = network if is_compiled(network) or not cast else _rounded(network, dtype)

    def forward(self, x: Tensor, *inputs: Tensor) -> Tensor:
        with torch.autocast(x.device.type, self.dtype):
            return self.network(x, *inputs).float()


def is_compiled(network: object) -> bool:
    """Whether the network, or a part of it, runs through torch.compile."""
    return isinstance(network, nn.Module) and any(hasattr(part, "_orig_mod") for part in network.modules())


def _rounded(network: nn.Module, dtype: torch.dtype) -> nn.Module:
    network = copy.deepcopy(network).float()
    for part in network.modules():
        if isinstance(part, nn.Linear | _ConvNd):
            part.to(dtype)
    return network
