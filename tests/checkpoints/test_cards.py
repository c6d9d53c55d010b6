"""Files and cards: what is damaged, cut short, changed or not finite is named, and nothing is unpickled."""

import json

import pytest
import safetensors.torch
import torch

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.networks import MLP, MLPConfig


def test_missing_card(saved):
    file, _ = saved
    file.with_suffix(".json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no card: copy tiny\.json next to it"):
        checkpoints.load(file)


def test_unreadable_or_incomplete_card(saved):
    file, _ = saved
    card = file.with_suffix(".json")
    entries = json.loads(card.read_text())
    card.write_text(card.read_text()[:40])
    with pytest.raises(ValueError, match="not readable as JSON"):
        checkpoints.load(file)
    del entries["sha256"], entries["path"]
    card.write_text(json.dumps(entries))
    with pytest.raises(ValueError, match="says nothing of path, sha256"):
        checkpoints.load(file)


def test_truncated(saved):
    file, _ = saved
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cut short"):
        checkpoints.load(file)


def test_tampered(saved):
    file, _ = saved
    content = bytearray(file.read_bytes())
    content[-1] ^= 1  # one bit
    file.write_bytes(content)
    with pytest.raises(ValueError, match="SHA-256"):
        checkpoints.load(file)


def test_never_unpickles(saved, tmp_path):
    """A pickle under the right name, with a card that vouches for it, is refused as data, not run."""
    import hashlib
    import pickle

    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    file, _ = saved
    content = pickle.dumps(Bomb())
    file.write_bytes(content)
    checkpoints.amend(file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ValueError, match="safetensors"):
        checkpoints.load(file)
    assert not (tmp_path / "exploded").exists()


def test_another_architecture(saved):
    file, _ = saved
    card = cards.read_card(file)
    checkpoints.amend(file, architecture={**card["architecture"], "widths": [16]})
    with pytest.raises(ValueError, match="another architecture than its card names"):
        checkpoints.load(file)


def test_weights_that_are_not_finite_are_not_saved(tmp_path):
    network = MLP(MLPConfig(width=8))
    torch.nn.init.constant_(network.last.bias, 1e6)  # finite, but not in float16
    with pytest.raises(ValueError, match=r"not finite are not saved: last\.bias \(torch\.float16\)"):
        checkpoints.save(tmp_path / "x", network, schedules.flow(), "velocity", shape=(2,))
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_no_safetensors_says_so(saved):
    content = safetensors.torch.save({"a": torch.zeros(1)})
    file, _ = saved
    import hashlib

    file.write_bytes(content)
    checkpoints.amend(file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ValueError, match="another architecture"):
        checkpoints.load(file)
