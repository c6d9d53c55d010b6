"""A checkpoint that a test writes."""

import pytest
import torch

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.networks import UNet, UNetConfig


@pytest.fixture
def saved(tmp_path):
    """The file of a small network that nobody trained, and the network."""
    torch.manual_seed(0)
    network = UNet(UNetConfig(widths=(8,), embedding=16, classes=3))
    torch.nn.init.normal_(network.out.weight, std=0.1)
    file = checkpoints.save(
        tmp_path / "tiny",
        network,
        schedules.cosine(),
        "v",
        shape=(1, 8, 8),
        class_names=("a", "b", "c"),
        about={"seed": 4},
    )
    return file, network
