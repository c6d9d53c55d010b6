"""Channels that are removed from every layer, by the library `torch-pruning`: a thinner network of the same form.

thinner = prune_channels(load("mnist-diffusion"), share=0.25)       # needs the extra "optimise"

Layers depend on one another: what one puts out, the next takes in, and a sum needs both its parts alike. The library
follows these dependencies and removes, in each group of layers, the channels whose weights are smallest. What remains
is worse at once; it is trained on for a while, and is then to be compared with a small network that was trained from
the start for as long. Source: Fang et al. 2023, "DepGraph" (https://arxiv.org/abs/2301.12900), and for diffusion "Diff
pruning" (https://arxiv.org/abs/2305.10924).
"""

import importlib.util
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.conditions import null_condition
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.networks.unet import Attention, UNet
from diffusion_lessons.optimise.copies import copied, network_of, unet_of

GROUP = 8  # features in each group of a normalisation: the channels that remain must be shared out evenly


def why_not_pruned(denoise: Denoiser) -> str:
    """Why channels cannot be pruned here, and what would help; '' where they can."""
    if importlib.util.find_spec("torch_pruning") is None:
        return "torch-pruning is not installed: pip install 'diffusion-lessons[optimise]'"
    unet = unet_of(denoise)
    if not isinstance(unet, UNet) or any(isinstance(part, Attention) for part in unet.modules()):
        return "this U-Net has attention, whose heads share its features: leave out blocks, or cut out heads"
    return ""


def prune_channels(denoise: Denoiser, share: float) -> Denoiser:
    """A copy of the denoiser whose U-Net lost this share of the channels of every layer but the last.

    share: a multiple of 1/8, since a normalisation has 8 features a group and must keep as many in each. A layer
    between two pruned ones loses its share twice, so parameters and products fall by about 1 - (1 - share)^2.

    Raises ValueError for another share, where it would not work (`why_not_pruned`), and where nothing was removed.
    """
    if not 0 < share < 1 or (share * GROUP) % 1:
        raise ValueError(f"share is a multiple of 1/{GROUP} between 0 and 1, such as 0.25; got {share!r}")
    if reason := why_not_pruned(denoise):
        raise ValueError(f"channels are not pruned here: {reason}")
    import torch_pruning

    thinner = copied(denoise)
    network = _own_weights(network_of(thinner)).requires_grad_(True)  # the library follows gradients, or finds nothing
    before = count_parameters(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about its own internals
        torch_pruning.pruner.MetaPruner(
            network,
            _example(denoise),
            importance=torch_pruning.importance.MagnitudeImportance(p=2),
            pruning_ratio=share,
            ignored_layers=[unet_of(thinner).out],
        ).step()
    if count_parameters(network) == before:
        raise ValueError("nothing was removed: the library found no layer that it may prune")
    thinner.network = network.requires_grad_(False)
    return thinner


def shaped_like(denoise: Denoiser, tensors: Mapping[str, Tensor]) -> Denoiser:
    """A copy of the denoiser whose layers have the shapes of these tensors, and them as weights.

    This is how a thinner network is read from a file, without the library that made it. Raises ValueError for tensors
    of another network, and for more channels than the layers of this one have.
    """
    thinner = copied(denoise)
    network = network_of(thinner)
    own = network.state_dict()
    if own.keys() != tensors.keys():
        name = sorted(own.keys() ^ tensors.keys())[0]
        raise ValueError(f"these weights are of another network: {name} is in one of the two only")
    for name, tensor in tensors.items():
        shape = own[name].shape
        if tensor.ndim != len(shape) or any(mine > whole for mine, whole in zip(tensor.shape, shape, strict=True)):
            raise ValueError(
                f"these weights are of a larger network: {name} is {list(tensor.shape)}, not {list(shape)}"
            )
        layer = network.get_submodule(name.rpartition(".")[0])
        parameter = nn.Parameter(tensor.detach().clone(), requires_grad=False)
        setattr(layer, name.rpartition(".")[2], parameter)
        _set_sizes(layer)
    return thinner


def _set_sizes(layer: nn.Module) -> None:
    """Sizes that a layer states beside its weights."""
    if isinstance(layer, nn.GroupNorm):
        layer.num_channels = len(layer.weight)
    elif isinstance(layer, nn.Conv2d):
        layer.out_channels, layer.in_channels = layer.weight.shape[:2]
    elif isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = layer.weight.shape


def _own_weights(network: nn.Module) -> nn.Module:
    """The network with a copy of each weight, in place."""
    for part in network.modules():
        for name, weight in list(part.named_parameters(recurse=False)):
            setattr(part, name, nn.Parameter(weight.detach().clone()))
    return network


def _example(denoise: Denoiser) -> tuple[Any, ...]:
    """Inputs of the network, to follow its layers by."""
    if denoise.shape is None:
        raise ValueError("the denoiser does not say the shape of one sample: make it with shape=(channels, H, W)")
    x = torch.zeros(1, *denoise.shape, device=denoise.device)
    t = torch.full((1,), denoise.path.T / 2, device=denoise.device)
    return (x, t) if denoise.classes is None else (x, t, null_condition(denoise, x.device))
