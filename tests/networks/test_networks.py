"""A card names a network, and builds it again."""

import json

import pytest

from diffusion_lessons import networks
from diffusion_lessons.networks.classifier import ClassifierConfig
from diffusion_lessons.networks.contrastive import Contrastive, ContrastiveConfig
from diffusion_lessons.networks.text import TextConfig
from tests.networks.small import tiny


def test_card_builds_the_same_network():
    network = tiny(attention=(1,), patch=2)
    again = networks.build(networks.card(network))
    assert again.config == network.config
    again.load_state_dict(network.state_dict())


def test_a_card_of_a_network_with_parts_builds_them_too():
    config = ContrastiveConfig(
        TextConfig(words=5, width=8, heads=2, out=16), ClassifierConfig(channels=3, classes=16, widths=(8, 8))
    )
    card = json.loads(json.dumps(networks.card(Contrastive(config))))
    assert networks.build(card).config == config
    card["image"]["depth"] = 3
    with pytest.raises(ValueError, match="no contrastive that this version"):
        networks.build(card)
    with pytest.raises(ValueError, match="text must be a TextConfig; got 3"):
        networks.build({"network": "contrastive", "text": 3})


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"network": "transformer"}, "the networks are autoencoder, classifier, contrastive, latent-unet, mlp, unet"),
        ({"network": "unet", "depth": 3}, "no unet that this"),
    ],
)
def test_unknown_cards(card, message):
    with pytest.raises(ValueError, match=message):
        networks.build(card)
