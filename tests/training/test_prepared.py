"""What is learned from is made at the first step, in a folder that belongs to the run since the call."""

import pytest
import torch

from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.folder import STATE
from diffusion_lessons.training.loop import train
from diffusion_lessons.training.prepared import train_prepared
from diffusion_lessons.training.step import denoising

ALONE = Processes(torch.device("cpu"))


def test_it_is_made_once_in_the_folder_and_trained_on_as_if_it_had_been_there(tiny_recipe, tiny_data, tmp_path):
    made = []

    def prepare(folder):
        made.append(folder)
        return tiny_data, denoising

    records = train_prepared(tiny_recipe, prepare, tmp_path / "run", ALONE, device="cpu", every=5)
    assert made == []
    losses = [record.loss for record in records]
    assert made == [tmp_path / "run"]
    assert losses == [record.loss for record in train(tiny_recipe, tiny_data, device="cpu", every=5)]


def test_the_folder_is_looked_at_at_the_call(tiny_recipe, tmp_path):
    def prepare(folder):
        raise AssertionError("not before the first step")

    records = train_prepared(tiny_recipe, prepare, tmp_path / "new", ALONE, device="cpu")
    assert (tmp_path / "new").is_dir()
    with pytest.raises(AssertionError, match="not before the first step"):
        next(records)
    (tmp_path / STATE).write_bytes(b"of an earlier run")
    with pytest.raises(FileExistsError, match="unfinished run"):
        train_prepared(tiny_recipe, prepare, tmp_path, ALONE, device="cpu")
