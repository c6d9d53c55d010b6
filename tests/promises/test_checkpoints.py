"""Every checkpoint that ships: its file and card, what it samples from a fixed seed, and how good 500 samples are.

What to compare with is made by `python tools/thumbprints.py`, to be run when weights were added or replaced.
"""

import hashlib

import pytest
import thumbprints
import torch

from diffusion_lessons import checkpoints, load
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.networks import count_parameters

NAMES = checkpoints.names()
KNOWN = thumbprints.read()
MEGABYTE = 2**20
LIMITS = {"digits": 1, "mnist": 4, "cifar10": 12, "captions": 9}  # MB
OTHERWISE = 25
TOLERANCE = 0.005  # root mean square over a thumbprint, of values in [-1, 1]
TIPPED = 0.01  # share of decisions that other arithmetic may tip: the noise is the same


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).square().mean().sqrt())


def stored(name: str) -> torch.Tensor:
    entry = KNOWN.get(name, {})
    assert entry.get("sha256") == cards.read_card(name)["sha256"], (
        f"{name} has no thumbprint, or one of other weights: look at its samples, run `python tools/thumbprints.py`"
    )
    values = torch.tensor(entry["thumbprint in 1/1000"]) / 1000
    return values.reshape(thumbprints.IMAGES, -1, thumbprints.SIDE, thumbprints.SIDE)


def test_the_file_of_thumbprints_knows_what_ships_and_nothing_else():
    assert NAMES and sorted(KNOWN) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_loads_and_is_what_its_card_says(name):
    file, card = cards.find(name), cards.read_card(name)
    denoise = load(name)
    assert denoise.card == card and hashlib.sha256(file.read_bytes()).hexdigest() == card["sha256"]
    assert file.stat().st_size == card["bytes"] <= LIMITS.get(card["data"]["name"], OTHERWISE) * MEGABYTE
    assert count_parameters(denoise.network) == card["parameters"]
    assert (denoise.path.card, denoise.predicts, list(denoise.shape)) == (card["path"], card["predicts"], card["shape"])
    assert denoise.classes == (card["classes"] and len(card["classes"]))
    for entry in ("data", "command", "seed", "versions", "device", "training_seconds", "images_seen"):
        assert card[entry] is not None, entry
    assert card["data"]["licence"] and card["command"].startswith("diffusion-lessons ")


@pytest.mark.parametrize("name", NAMES)
def test_samples_its_thumbprint(name):
    assert distance(thumbprints.thumbprint(load(name)), stored(name)) < TOLERANCE


def test_other_arithmetic_keeps_the_thumbprint_and_another_network_does_not():
    """Half precision is coarser than any device's float32. Another network: the same with 3 % noise on its weights."""
    name = "digits-diffusion"
    for precision in ("float64", "float16", "bfloat16"):
        assert distance(thumbprints.thumbprint(load(name), precision=precision), stored(name)) < TOLERANCE
    other = load(name)
    generator = torch.Generator().manual_seed(0)
    for parameter in other.network.parameters():
        parameter.mul_(1 + 0.03 * torch.randn(parameter.shape, generator=generator))
    assert distance(thumbprints.thumbprint(other), stored(name)) > 2 * TOLERANCE
    for one in NAMES:
        alike = [each for each in NAMES if each != one and stored(each).shape == stored(one).shape]
        assert all(distance(stored(one), stored(each)) > 2 * TOLERANCE for each in alike), one


@pytest.mark.slow
@pytest.mark.timeout(1200)  # seconds of work, minutes where many others want the processor
@pytest.mark.parametrize("name", NAMES)
def test_500_samples_are_as_good_as_they_were(name):
    stored(name)  # of these weights
    before, found = KNOWN[name]["quality"], thumbprints.quality(load(name))
    if found is None:
        pytest.skip(f"no classifier ships for {name}")
    lost = {name: before[name]["value"] - found[name]["value"] for name in found}
    assert lost["adherence"] <= max(before["adherence"]["spread"], TIPPED)
    assert -lost["frechet"] <= before["frechet"]["spread"]
    assert found["adherence"]["value"] >= thumbprints.good(name)["adherence"]
    assert found["frechet"]["value"] <= thumbprints.good(name)["frechet"]
