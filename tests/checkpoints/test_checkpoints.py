"""Checkpoints: what is written comes back, and what is damaged is named."""

import errno

import filelock
import pytest
import torch

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import files
from diffusion_lessons.networks import MLP, MLPConfig


def test_comes_back(saved):
    file, network = saved
    denoise = checkpoints.load(file)
    assert file.name == "tiny.safetensors"
    assert denoise.path == schedules.cosine() and denoise.predicts == "v"
    assert denoise.shape == (1, 8, 8) and denoise.classes == 3 and denoise.dtype == torch.float32
    assert denoise.card["seed"] == 4 and denoise.card["stored_as"] == "float16"
    assert denoise.card["versions"].keys() >= {"torch", "python", "diffusion-lessons"}
    for name, value in denoise.network.state_dict().items():
        assert torch.equal(value, network.state_dict()[name].half().float()), name
    assert not any(p.requires_grad for p in denoise.network.parameters())
    assert checkpoints.load(str(file).removesuffix(".safetensors")).card == denoise.card


def test_weights_take_two_bytes_each(saved):
    file, network = saved
    assert file.stat().st_size < 2 * sum(p.numel() for p in network.parameters()) + 5000


def test_points_and_no_classes(tmp_path):
    file = checkpoints.save(tmp_path / "points", MLP(MLPConfig(width=8)), schedules.flow(), "velocity", shape=(2,))
    denoise = checkpoints.load(file)
    assert denoise.classes is None and denoise.path == schedules.flow()
    assert denoise(torch.zeros(3, 2), 0.5).x0.shape == (3, 2)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="did you mean 'digits-diffusion'"):
        checkpoints.load("digits-difusion")
    with pytest.raises(FileNotFoundError, match="no checkpoint 'mnist-nothing': the package ships"):
        checkpoints.load("mnist-nothing")
    makers = {"a": "train", "a-classifier": "classifier a", "a-features": "features a --classifier"}
    makers |= {"captions-flow-2": "train captions-flow-2", "my photos-classifier": "classifier 'my photos'"}
    for name, maker in makers.items():
        with pytest.raises(FileNotFoundError, match=f"Make one with `diffusion-lessons {maker}"):
            checkpoints.load(name)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        checkpoints.load(tmp_path / "no.safetensors")


def test_amend_keeps_the_rest(saved):
    file, _ = saved
    before = cards.read_card(file)
    assert checkpoints.amend(file, evaluation={"frechet": 1.5}) == {**before, "evaluation": {"frechet": 1.5}}
    assert checkpoints.load(file).card["evaluation"] == {"frechet": 1.5}


def test_nobody_else_writes_a_card_between_its_reading_and_its_writing(saved, monkeypatch):
    file, _ = saved
    other = filelock.FileLock(file.with_name(f".{file.with_suffix('.json').name}.lock"), is_singleton=False)
    read, refused = cards.read_card, []

    def while_held(name):
        try:
            other.acquire(timeout=0)
        except filelock.Timeout:
            refused.append(name)
        return read(name)

    monkeypatch.setattr(cards, "read_card", while_held)
    checkpoints.amend(file, first=1)
    assert refused == [file] and read(file)["first"] == 1


def test_full_disk_leaves_the_old_file_and_nothing_else(saved, monkeypatch):
    file, network = saved
    before = file.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    torch.nn.init.normal_(network.out.weight)
    with pytest.raises(
        OSError, match=r"could not write .*tiny\.safetensors .*No space left.*free some space"
    ) as caught:
        checkpoints.save(file, network, schedules.cosine(), "v", shape=(1, 8, 8))
    assert caught.value.errno == errno.ENOSPC
    assert file.read_bytes() == before
    assert sorted(f.name for f in file.parent.iterdir()) == ["tiny.json", "tiny.safetensors"]
    checkpoints.load(file)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="could not write"):
        checkpoints.save(tmp_path / "file" / "x", MLP(MLPConfig(width=8)), schedules.flow(), "x0", shape=(2,))


def test_a_loaded_network_may_be_compiled(monkeypatch):
    modes = []
    monkeypatch.setattr(torch, "compile", lambda network, mode, dynamic: modes.append((mode, dynamic)) or network)
    monkeypatch.setattr("diffusion_lessons.checkpoints.why_not_compiled", lambda device: "")
    assert checkpoints.load("digits-diffusion", compile=True).shape == (1, 8, 8) and modes == [(None, False)]
    monkeypatch.setattr("diffusion_lessons.checkpoints.why_not_compiled", lambda device: "there is no C++ compiler")
    with pytest.raises(ValueError, match="cannot be compiled: there is no C"):
        checkpoints.load("digits-diffusion", compile=True)


def test_what_a_compiled_network_said_outlives_its_next_answer(monkeypatch):
    """CUDA graphs write into the same memory at each call, and samplers keep estimates from one step to the next."""
    memory = torch.empty(2, 1, 8, 8)
    monkeypatch.setattr(torch, "compile", lambda network, **_: lambda *given: memory.copy_(network(*given)))
    monkeypatch.setattr("diffusion_lessons.checkpoints.why_not_compiled", lambda device: "")
    network, plain = (checkpoints.load("digits-diffusion", compile=it).network for it in (True, False))
    x, first, second = torch.ones(2, 1, 8, 8), torch.full((2,), 900.0), torch.full((2,), 100.0)
    kept = network(x, first)
    network(x, second)
    torch.testing.assert_close(kept, plain(x, first))


def test_a_name_is_cut_at_nothing_but_its_ending():
    for given in ("net-ema0.05", "a/net-ema0.05", "a/net-ema0.05.safetensors", "net-ema0.05.json"):
        assert cards.stem(given) == "net-ema0.05"
