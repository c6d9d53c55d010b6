"""Files and cards: what is damaged, cut short, changed or not finite is named, and nothing is unpickled."""

import errno
import json
import signal
import subprocess
import sys

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import files
from diffusion_lessons.networks import MLP, MLPConfig, UNet, UNetConfig


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


def wild(card, changes):
    """The card with entries changed; a dotted name is one of an entry's own."""
    card = json.loads(json.dumps(card))
    for name, value in changes.items():
        *outer, last = name.split(".")
        place = card[outer[0]] if outer else card
        place[last] = value
    del card["essence_sha256"]  # a stranger's card has none
    return card


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture.channels": -1}, "channels must be a whole number from 1 to 4096; got -1"),
        ({"architecture.widths": []}, "widths must be 1 to 16 values; there are 0"),
        ({"architecture.widths": [10**9]}, "widths must be a tuple, each of its values a whole number from 1 to 16384"),
        ({"architecture.widths": [16384]}, r"another architecture.*where .*16384.* is needed"),
        ({"architecture.widths": [8] * 10**5}, "widths must be 1 to 16 values"),
        ({"architecture.widths": [9007199254740993]}, "widths must be"),
        ({"architecture.blocks": 10**9}, "blocks must be a whole number from 1 to 64; got 1000000000"),
        ({"architecture.blocks": True}, "blocks must be a whole number"),
        ({"architecture.embedding": 10**10}, "embedding must be a whole number"),
        ({"architecture.embedding": 15}, "an even number; got 15"),
        ({"architecture.embedding": "16"}, "embedding must be a whole number.*; got '16'"),
        ({"architecture.T": float("nan")}, "T must be a number.*; got nan"),
        ({"architecture.clock": "sun"}, "clock must be 'time' or 'lambda'; got 'sun'"),
        ({"architecture.colour": 3}, "this version can build"),
        ({"architecture": [1, 2]}, r"an architecture is a network and its options; got \[1, 2\]"),
        ({"architecture": {"network": ["unet"]}}, "unknown network"),
        ({"shape": [1, 10**6, 10**6]}, "shape must be a tuple, each of its values a whole number from 1 to 4096"),
        ({"shape": "hello"}, "shape must be a tuple.*; got 'hello'"),
        ({"shape": []}, "shape must be 1 to 3 values"),
        ({"shape": [3, 8, 8]}, r"samples have shape \(3, 8, 8\), and its network takes 1"),
        ({"classes": 5}, "classes must be a tuple, each of its values a text, or None; got 5"),
        ({"classes": ["a", "b"]}, "names 2 classes, and its network has 3"),
        ({"times": [1, "x"]}, "times must be"),
        ({"path": {"path": "cosine", "T": 10**9}}, "T must be a whole number from 1 to 1,000,000; got 1000000000"),
        ({"path": {"path": "cosine", "T": "x"}}, "T must be a whole number"),
        ({"path": {"path": "cosine", "colour": 1}}, "cosine takes other options"),
        ({"path": {"path": "from_alpha_bar", "values": 5}}, "alpha_bar must be a list of finite numbers"),
        ({"path": "cosine"}, "a path's card is its name and its options; got cosine"),
        ({"path": {"path": ["cosine"]}}, "unknown path"),
        ({"predicts": ["v"]}, "is damaged or for another version"),
        ({"predicts": "w"}, "unknown prediction type 'w'"),
        ({"sha256": 5}, "sha256 is a text"),
        ({"bytes": "many"}, "bytes are a whole number"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wild_values_are_refused_before_anything_is_allocated(saved, monkeypatch, changes, message):
    file, _ = saved
    made, build = [], cards.networks.build

    def on_meta_only(architecture):
        made.append(torch.empty(0).device.type)
        return build(architecture)

    monkeypatch.setattr(cards.networks, "build", on_meta_only)
    file.with_suffix(".json").write_text(json.dumps(wild(cards.read_card(file), changes)))
    with pytest.raises(ValueError, match=message) as told:
        checkpoints.load(file)
    assert "\n" not in str(told.value) and "tiny" in str(told.value)
    if "path" not in changes and "predicts" not in changes:
        assert set(made) <= {"meta"}


@pytest.mark.parametrize(
    "text", ["[1]", "5", "null", "[" * 100_000, '{"bytes": ' + "9" * 10_000, "\ud800"], ids=range(6)
)
def test_what_is_no_card_at_all(saved, text):
    file, _ = saved
    file.with_suffix(".json").write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(ValueError, match="the card .*copy it again"):
        checkpoints.load(file)


def test_a_checkpoint_and_its_card_are_replaced_together_or_not_at_all(saved, monkeypatch):
    """The disk is full when the card is written: the old weights stand beside the old card."""
    file, network = saved
    before, rename, calls = file.read_bytes(), files.os.replace, []

    def full(*arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        rename(*arguments)

    monkeypatch.setattr(files.os, "replace", full)
    torch.nn.init.normal_(network.out.weight)
    with pytest.raises(OSError, match=r"could not write .*tiny\.json"):
        checkpoints.save(file, network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=("a", "b", "c"))
    assert file.read_bytes() == before
    assert checkpoints.load(file).card["seed"] == 4


KILLED = """
import os, signal, sys
import torch
from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.machine import files
from diffusion_lessons.networks import UNet, UNetConfig
network = UNet(UNetConfig(widths=(8,), embedding=16, classes=3))
torch.nn.init.constant_(network.out.bias, 0.5)
rename = os.replace
def then_die(*arguments):
    rename(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
files.os.replace = then_die
checkpoints.save(sys.argv[1], network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=("a", "b", "c"))
"""


@pytest.mark.parametrize("first", [True, False])
def test_a_kill_between_weights_and_card_loses_neither(saved, first):
    """The new weights are in place and the new card still has its temporary name: loading finds it."""
    file, network = saved
    if first:
        file.with_suffix(".json").unlink()
        file.unlink()
    assert subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False).returncode == -signal.SIGKILL
    denoise = checkpoints.load(file)
    assert denoise.network.out.bias.tolist() == [0.5] and "seed" not in denoise.card
    checkpoints.save(file, network, schedules.cosine(), "v", shape=(1, 8, 8), about={"seed": 5})
    assert checkpoints.load(file).card["seed"] == 5


@pytest.mark.parametrize("name", ["predicts", "shape", "classes", "path"])
def test_a_changed_card_is_noticed_and_may_be_meant(saved, name):
    file, _ = saved
    card = cards.read_card(file)
    other = {"predicts": "eps", "shape": [1, 16, 16], "classes": ["a", "c", "b"], "path": schedules.ddpm_linear().card}
    file.with_suffix(".json").write_text(json.dumps({**card, name: other[name]}))
    with pytest.raises(ValueError, match=r"tiny\.json was changed or damaged in what decides .* again"):
        checkpoints.load(file)
    del card["essence_sha256"]
    file.with_suffix(".json").write_text(json.dumps({**card, name: other[name], "seed": 5}))
    assert checkpoints.load(file).card["seed"] == 5
    checkpoints.amend(file, note="checked again from now on")
    assert checkpoints.load(file).card["note"]


FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), max_size=3)


def damaged(content, flips, cut):
    content = bytearray(content)
    for place, bit in flips:
        content[int(place * len(content))] ^= 1 << bit
    return bytes(content[: round(cut * len(content))])


@pytest.fixture(scope="module")
def two_files(tmp_path_factory):
    """The bytes of a network and of its card, where they lie, and what the network answers."""
    torch.manual_seed(0)
    network = UNet(UNetConfig(widths=(8,), embedding=16, classes=3))
    torch.nn.init.normal_(network.out.weight, std=0.1)
    file = tmp_path_factory.mktemp("cards") / "net.safetensors"
    checkpoints.save(file, network, schedules.cosine(), "v", shape=(1, 8, 8), class_names=("a", "b", "c"))
    x = torch.randn(1, 1, 8, 8)
    return file, file.read_bytes(), file.with_suffix(".json").read_bytes(), x, checkpoints.load(file)(x, 500.0).x0


@settings(max_examples=120)
@given(flips=FLIPS, cut=st.sampled_from([1.0, 1.0, 0.999, 0.5, 0.0]), which=st.sampled_from(["network", "card"]))
def test_damage_is_named_or_changes_nothing(two_files, flips, cut, which):
    """Flipped bits and missing ends of either file: one line that says what to do, or the same network as before."""
    file, network, card, x, expected = two_files
    file.write_bytes(damaged(network, flips, cut) if which == "network" else network)
    file.with_suffix(".json").write_bytes(damaged(card, flips, cut) if which == "card" else card)
    try:
        denoise = checkpoints.load(file)
    except ValueError as error:
        assert "net" in str(error) and len(str(error).splitlines()) == 1
    else:
        assert torch.equal(denoise(x, 500.0).x0, expected)
        assert (denoise.shape, denoise.classes) == ((1, 8, 8), 3)
