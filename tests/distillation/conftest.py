"""Teachers that nobody trained: right in everything but their answers."""

from dataclasses import replace

import pytest
import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.schedules import from_card

CARDS = {"v": {"path": "cosine", "T": 1000}, "velocity": {"path": "flow"}, "eps": {"path": "cosine", "T": 1000}}


@pytest.fixture
def teacher_file(tmp_path):
    """teacher_file("v") -> the path of a checkpoint for `tiny_data`; further keywords go into its card."""

    def make(predicts, name="teacher", **about):
        path = from_card(CARDS[predicts])
        torch.manual_seed(0)
        network = UNet(replace(UNetConfig(widths=(8, 16), embedding=16), classes=2, T=path.T))
        for parameter in network.parameters():  # layers that start at zero would answer zero
            torch.nn.init.normal_(parameter, std=0.1)
        file = tmp_path / f"{name}.safetensors"
        names = ("above", "below")
        checkpoints.save(file, network, path, predicts, shape=(1, 8, 8), class_names=names, about=about)
        return str(file)

    return make
