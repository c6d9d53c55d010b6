"""A training run is kept as it went, and comes back."""

import pytest
import torch

from diffusion_lessons.checkpoints import cards, load
from diffusion_lessons.data import load_data
from diffusion_lessons.sampling import generate
from diffusion_lessons.training import history, recipes


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    recipe = recipes.get("digits", images=640, batch=32)
    return folder, history.record(recipe, recipe.load_data(), folder, device="cpu", progress=False)


def test_a_run_comes_back_as_it_went(kept):
    folder, run = kept
    back = history.read(str(folder / "digits-diffusion-training.json"))
    assert back.curve == run.curve and back.moments == run.moments and back.device == "cpu"
    assert torch.equal(back.pictures, run.pictures) and back.recipe["images"] == 640
    assert [point[0] for point in run.curve] == [32 * step for step in range(1, 21)]
    assert run.images_per_second == 640 / run.curve[-1][2]


def test_its_last_samples_are_those_of_the_checkpoint(kept):
    folder, run = kept
    classes = range(len(load_data("digits").classes) + 1)  # and the spoiled ones
    x = generate(load(folder / "digits-diffusion"), 20, history.DRAWN_BY, labels=classes, seed=0)[-1].x
    assert run.moments[-1] == 640 and (x.clamp(-1, 1) - run.pictures[-1]).abs().max() < 0.02  # 8 bits; float16 weights


def test_what_is_not_there_or_damaged_is_said(tmp_path, kept):
    with pytest.raises(FileNotFoundError, match="how nothing was trained was not kept"):
        history.read("nothing")
    file = tmp_path / "a-training.json"
    file.write_text("{}")
    file.with_suffix(".png").write_bytes((kept[0] / "digits-diffusion-training.png").read_bytes())
    with pytest.raises(ValueError, match="make it again"):
        history.read(str(file))


def test_the_shipped_run_is_that_of_the_shipped_network():
    run, card = history.read(), cards.read_card("cifar10-diffusion")
    assert run.recipe == card["recipe"] and run.device == card["device"]
    assert run.curve[-1][0] == card["images_seen"] == run.moments[-1]
    assert abs(run.curve[-1][2] - card["training_seconds"]) < 0.1
    assert run.pictures.shape == (6, 20, 3, 32, 32)


def test_the_command_trains_and_says_where(tmp_path, capsys):
    history.main(["digits", "--images", "64", "--device", "cpu", "--out", str(tmp_path / "run")])
    assert "64 images" in capsys.readouterr().out and (tmp_path / "run/digits-diffusion-training.png").is_file()
