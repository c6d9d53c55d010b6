"""The networks that learn, and how a card names them."""

import typing
from dataclasses import asdict, is_dataclass
from typing import Any

from torch import nn

from diffusion_lessons.networks.autoencoder import Autoencoder, AutoencoderConfig
from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig
from diffusion_lessons.networks.contrastive import Contrastive, ContrastiveConfig
from diffusion_lessons.networks.latent_unet import LatentUNet, LatentUNetConfig
from diffusion_lessons.networks.mlp import MLP, MLPConfig
from diffusion_lessons.networks.unet import UNet, UNetConfig

__all__ = [
    "MLP",
    "Autoencoder",
    "AutoencoderConfig",
    "Classifier",
    "ClassifierConfig",
    "Contrastive",
    "ContrastiveConfig",
    "LatentUNet",
    "LatentUNetConfig",
    "MLPConfig",
    "UNet",
    "UNetConfig",
    "build",
    "card",
    "count_parameters",
]

KINDS: dict[str, tuple[type, type]] = {
    "autoencoder": (Autoencoder, AutoencoderConfig),
    "classifier": (Classifier, ClassifierConfig),
    "contrastive": (Contrastive, ContrastiveConfig),
    "latent-unet": (LatentUNet, LatentUNetConfig),
    "mlp": (MLP, MLPConfig),
    "unet": (UNet, UNetConfig),
}


def build(card: dict[str, Any]) -> nn.Module:
    """The network that a card's architecture describes, with fresh weights: the inverse of `card`.

    Raises ValueError for what is no architecture, for an option that this version does not know, and for a wild value.
    """
    if not isinstance(card, dict):
        raise ValueError(f"an architecture is a network and its options; got {str(card)[:60]}")
    options = dict(card)
    kind = options.pop("network", None)
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"unknown network {str(kind)[:60]!r}; the networks are {', '.join(KINDS)}")
    network, config = KINDS[kind]
    try:
        return network(_configured(config, options))
    except (TypeError, ValueError) as error:
        raise ValueError(f"this is no {kind} that this version can build: {error}") from error


def _configured(config: type, options: dict[str, Any]) -> Any:
    """A configuration from what JSON keeps of it: lists are tuples, and objects are configurations of parts."""
    parts: dict[str, Any] = {name: kind for name, kind in typing.get_type_hints(config).items() if is_dataclass(kind)}
    values: dict[str, Any] = {}
    for name, value in options.items():
        values[name] = tuple(value) if isinstance(value, list) else value
        if name in parts and isinstance(value, dict):
            values[name] = _configured(parts[name], value)
    return config(**values)


def card(network: nn.Module) -> dict[str, Any]:
    """What a network is, as JSON keeps it: {"network": "unet", "widths": [64, 128], ...}."""
    for kind, (network_class, _) in KINDS.items():
        if isinstance(network, network_class):
            return {"network": kind, **asdict(network.config)}  # type: ignore[call-overload]
    raise ValueError(f"{type(network).__name__} is none of the networks {', '.join(KINDS)}")


def count_parameters(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())
