"""A card names a network, and builds it again."""

import pytest

from diffusion_lessons import networks
from tests.networks.small import tiny


def test_card_builds_the_same_network():
    network = tiny(attention=(1,), patch=2)
    again = networks.build(networks.card(network))
    assert again.config == network.config
    again.load_state_dict(network.state_dict())


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({"network": "transformer"}, "the networks are classifier, mlp, unet"),
        ({"network": "unet", "depth": 3}, "no unet that this"),
    ],
)
def test_unknown_cards(card, message):
    with pytest.raises(ValueError, match=message):
        networks.build(card)
