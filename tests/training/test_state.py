"""A run put aside and taken up again is the same run; another's state is refused."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons import checkpoints
from diffusion_lessons.data import Data
from diffusion_lessons.networks import UNetConfig
from diffusion_lessons.training.pairs import Pairs
from diffusion_lessons.training.recipes import Recipe
from diffusion_lessons.training.state import Run

CPU = torch.device("cpu")


def a_run(recipe, data, seed=0):
    return Run(recipe, data, CPU, seed)


def perturb(run):
    """As if it had been trained: other weights, another average, momentum, and a step count."""
    for number, parameters in enumerate((run.network.parameters(), run.ema.network.parameters())):
        for parameter in parameters:
            torch.nn.init.constant_(parameter, 0.1 + number)
    for parameter in run.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    run.optimizer.step()
    run.step, run.seconds = 7, 2.5
    return run


def test_the_seed_decides_the_first_weights_and_the_callers_randomness_stays(tiny_recipe, tiny_data):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, same, other = (a_run(tiny_recipe, tiny_data, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(3), expected)
    weights = [torch.cat([p.flatten() for p in run.network.parameters()]) for run in (one, same, other)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_everything_that_changes_comes_back(tiny_recipe, tiny_data, tmp_path):
    before, after = perturb(a_run(tiny_recipe, tiny_data)), a_run(tiny_recipe, tiny_data)
    before.save_state(tmp_path / "state.pt")
    after.load_state(tmp_path / "state.pt")
    assert (after.step, after.seconds, after.images) == (7, 2.5, 7 * tiny_recipe.batch)
    for name in ("network", "ema"):
        mine, theirs = (getattr(run, name) for run in (after, before))
        mine, theirs = (module.network if name == "ema" else module for module in (mine, theirs))
        for key, value in theirs.state_dict().items():
            torch.testing.assert_close(mine.state_dict()[key], value, rtol=0, atol=0)
    momentum = [run.optimizer.state_dict()["state"][0]["exp_avg"] for run in (before, after)]
    assert momentum[0].any() and torch.equal(*momentum)


def test_the_state_of_another_recipe_or_seed_is_refused(tiny_recipe, tiny_data, tmp_path):
    a_run(tiny_recipe, tiny_data).save_state(tmp_path / "state.pt")
    with pytest.raises(ValueError, match="belongs to another run: seed was 0 and is 1"):
        a_run(tiny_recipe, tiny_data, seed=1).load_state(tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"learning_rate was .* and is 0\.5\. Use that recipe"):
        a_run(replace(tiny_recipe, learning_rate=0.5), tiny_data).load_state(tmp_path / "state.pt")


def changed(data):
    """The same images with something else about them, by what is said of it."""
    return {
        "shape of an image was .* and is": replace(data, pixels=data.pixels[..., :6]),
        "number of images was 64 and is 60": replace(data, pixels=data.pixels[:60], labels=data.labels[:60]),
        "names of classes was .*above.* and is .*below": replace(data, classes=data.classes[::-1]),
        "names of classes was .* and is": replace(data, classes=("above", "below", "beside")),
        "hash of pixels and labels was": replace(data, labels=1 - data.labels),
        "hash of pixels and labels was .* Use that recipe and those images": replace(data, pixels=255 - data.pixels),
    }


@pytest.mark.parametrize("case", range(6))
def test_the_state_of_other_images_is_refused(tiny_recipe, tiny_data, tmp_path, case):
    a_run(tiny_recipe, tiny_data).save_state(tmp_path / "state.pt")
    message, data = list(changed(tiny_data).items())[case]
    with pytest.raises(ValueError, match=f"belongs to another run: .*{message}") as told:
        a_run(tiny_recipe, data).load_state(tmp_path / "state.pt")
    assert len(str(told.value).splitlines()) == 1


def test_the_state_of_other_pairs_is_refused(tiny_recipe, tiny_data, tmp_path):
    x0 = tiny_data.images.half()
    pairs = Pairs(torch.zeros_like(x0), x0, tiny_data.labels, tiny_data.classes, {})
    a_run(tiny_recipe, pairs).save_state(tmp_path / "state.pt")
    a_run(tiny_recipe, pairs).load_state(tmp_path / "state.pt")
    with pytest.raises(ValueError, match="hash of pixels and labels"):
        a_run(tiny_recipe, replace(pairs, eps=torch.ones_like(x0))).load_state(tmp_path / "state.pt")


@pytest.mark.parametrize("content", [b"", b"garbage", b"hello world" * 100, b"PK\x03\x04" + bytes(500)], ids=range(4))
def test_what_is_no_state_is_refused_in_one_line(tiny_recipe, tiny_data, tmp_path, content):
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"is damaged, or of another version, .*delete it \(--overwrite\)") as told:
        a_run(tiny_recipe, tiny_data).load_state(tmp_path / "state.pt")
    assert len(str(told.value).splitlines()) == 1


@settings(max_examples=40)
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.booleans())
def test_no_damage_to_a_state_goes_unnoticed(a_state, place, bit, cut):
    """A flipped bit anywhere, or a missing end, is named; nothing of it enters the run."""
    recipe, data, content, folder = a_state
    position = int(place * len(content))
    damaged = bytearray(content)
    damaged[position] ^= 1 << bit
    (folder / "state.pt").write_bytes(content[:position] if cut else damaged)
    run = a_run(recipe, data)
    before = [p.clone() for p in run.network.parameters()]
    with pytest.raises(ValueError, match="is damaged"):
        run.load_state(folder / "state.pt")
    assert run.step == 0 and all(map(torch.equal, before, run.network.parameters()))


@pytest.fixture(scope="module")
def a_state(tmp_path_factory):
    """The recipe, the images, the bytes of a state after a step, and a folder."""
    folder = tmp_path_factory.mktemp("state")
    pixels = torch.arange(256, dtype=torch.uint8).reshape(4, 1, 8, 8)
    data = Data(pixels, torch.arange(4) // 2, ("above", "below"), {"name": "halves"})
    recipe = Recipe("tiny", "halves", images=32, batch=16, network=UNetConfig(widths=(8,), embedding=16))
    perturb(a_run(recipe, data)).save_state(folder / "state.pt")
    return recipe, data, (folder / "state.pt").read_bytes(), folder


def test_a_student_starts_from_its_teachers_weights_and_so_does_the_average(tiny_recipe, tiny_data):
    teacher, student = perturb(a_run(tiny_recipe, tiny_data)).network, a_run(tiny_recipe, tiny_data, seed=1)
    student.start_from(teacher)
    for network in (student.network, student.ema.network):
        for mine, its in zip(network.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(mine, its)


def test_the_average_is_what_is_sampled_from_and_shipped(tiny_recipe, tiny_data, tmp_path):
    run = perturb(a_run(tiny_recipe, tiny_data))
    file = run.save_checkpoint(tmp_path / "tiny", tiny_recipe.ema_share, command="as I say", note="kept")
    shipped = checkpoints.load(file)
    assert run.denoiser().network is run.ema.network
    for mine, its in zip(run.ema.network.parameters(), shipped.network.parameters(), strict=True):
        torch.testing.assert_close(its, mine.detach(), rtol=1e-3, atol=0)  # stored in half precision
    assert shipped.card["command"] == "as I say" and shipped.card["note"] == "kept"
    assert shipped.card["images_seen"] == 7 * tiny_recipe.batch and shipped.card["training_seconds"] == 2.5
