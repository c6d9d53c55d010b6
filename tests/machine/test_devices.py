"""A device has one name: in a checkpoint's card and in a measured row."""

import re

import torch

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine.description import describe
from diffusion_lessons.machine.devices import device_name
from diffusion_lessons.training import loop


def test_a_device_is_named_by_its_kind_and_its_model(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H100")
    assert device_name(torch.device("cuda:0")) == "cuda: NVIDIA H100"
    assert re.fullmatch(r"cpu: .+", device_name(torch.device("cpu")))


def test_a_card_and_a_measured_row_name_the_device_alike(tiny_recipe, tiny_data, tmp_path):
    *_, record = loop.train(tiny_recipe, tiny_data, tmp_path, device="cpu")
    card = cards.read_card(loop.finish(record, tmp_path))
    row = describe(torch.device("cpu"))
    assert (card["device"], card["threads"]) == (row["device"], row["threads"])
