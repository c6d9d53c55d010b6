"""A text-to-image system from its files: the parts that its card names, found and compared."""

import shutil

import pytest
import torch

from diffusion_lessons import checkpoints, load
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints.captions import (
    beside,
    find_part,
    load_autoencoder,
    load_contrastive,
    load_judge,
    load_parts,
)
from tests.captions.small import PROMPTS, save_judge, save_system, small_denoiser, small_parts


@pytest.fixture
def file(tmp_path):
    return save_system(tmp_path)


def test_it_is_the_system_that_was_saved(file):
    denoise, expected = load(file), small_denoiser()
    assert isinstance(denoise, CaptionDenoiser) and denoise.shape == (4, 8, 8) and denoise.card["classes"] is None
    x = torch.randn(2, 4, 8, 8)
    assert torch.equal(denoise(x, 500.0, PROMPTS).x0, expected(x, 500.0, PROMPTS).x0)
    assert torch.equal(denoise.decode(x), expected.decode(x))
    pictures = torch.rand(2, 3, 32, 32)
    assert torch.equal(denoise.encode(pictures), expected.encode(pictures))


def test_parts_may_lie_in_folders_of_their_own(file):
    folder = file.parent
    for name in ("captions-contrastive", "captions-autoencoder", "captions-diffusion"):
        for suffix in (".safetensors", ".json"):
            (folder / "runs" / name).mkdir(parents=True, exist_ok=True)
            shutil.move(folder / f"{name}{suffix}", folder / "runs" / name)
    assert isinstance(load(folder / "runs" / "captions-diffusion" / "captions-diffusion"), CaptionDenoiser)


def test_another_part_than_that_of_training_is_refused(file):
    _, contrastive, _ = small_parts()
    contrastive.text.word.weight.add_(1)
    checkpoints.save(file.parent / "captions-contrastive", contrastive, None, None, shape=(3, 32, 32))
    with pytest.raises(ValueError, match="trained with another captions-contrastive"):
        load(file)
    assert find_part(file, checkpoints.cards.read_card(file), "autoencoder").stem == "captions-autoencoder"


def test_a_part_that_is_nowhere_is_named(file, tmp_path):
    (file.parent / "captions-autoencoder.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="no checkpoint 'nowhere'"):
        beside(file, "nowhere")
    with pytest.raises(ValueError, match="does not say which text"):
        load_parts(file, {}, torch.device("cpu"))


def test_each_part_by_itself(file):
    folder = file.parent
    save_judge(folder)
    assert isinstance(load_judge(folder / "captions-judge"), Judge)
    assert load_contrastive(folder / "captions-contrastive").config.text.width == 16
    assert load_autoencoder(folder / "captions-autoencoder").config.fine == 16
    with pytest.raises(ValueError, match="is no Autoencoder: its card says 'classifier'"):
        load_autoencoder(folder / "captions-judge")
    with pytest.raises(ValueError, match="says nothing of path, predicts"):
        load(folder / "captions-judge")
