"""The networks that learn, and how a card names them."""

from dataclasses import asdict
from typing import Any

from torch import nn

from diffusion_lessons.networks.classifier import Classifier, ClassifierConfig
from diffusion_lessons.networks.mlp import MLP, MLPConfig
from diffusion_lessons.networks.unet import UNet, UNetConfig

__all__ = [
    "MLP",
    "Classifier",
    "ClassifierConfig",
    "MLPConfig",
    "UNet",
    "UNetConfig",
    "build",
    "card",
    "count_parameters",
]

KINDS: dict[str, tuple[type, type]] = {
    "classifier": (Classifier, ClassifierConfig),
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
        return network(config(**{k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}))
    except (TypeError, ValueError) as error:
        raise ValueError(f"this is no {kind} that this version can build: {error}") from error


def card(network: nn.Module) -> dict[str, Any]:
    """What a network is, as JSON keeps it: {"network": "unet", "widths": [64, 128], ...}."""
    for kind, (network_class, _) in KINDS.items():
        if isinstance(network, network_class):
            return {"network": kind, **asdict(network.config)}  # type: ignore[call-overload]
    raise ValueError(f"{type(network).__name__} is none of the networks {', '.join(KINDS)}")


def count_parameters(network: nn.Module) -> int:
    """How many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())
