"""Which recipe is trained, with which changes, and what is said of it; nothing that was trained before is lost."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from diffusion_lessons import cli
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands import train as training
from diffusion_lessons.commands.train import choose_recipe, distil, train
from diffusion_lessons.data import CLASSES, load_data
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.training import recipes
from diffusion_lessons.training.captions import parts
from diffusion_lessons.training.captions import recipes as captions_recipes
from tests.captions.small import save_system


def test_fields_of_a_recipe_are_changed():
    recipe, data = choose_recipe("digits", "flow", changes={"images": 100, "name": "mine"})
    assert (recipe.kind, recipe.images, recipe.name, recipe.predicts) == ("flow", 100, "mine", "velocity")
    assert len(data.classes) == 11


def test_a_large_recipe_gives_way_on_a_cpu(monkeypatch, capsys):
    monkeypatch.setattr("diffusion_lessons.training.recipes.load_data", lambda *_, **__: None)
    assert choose_recipe("mnist", device="cpu")[0].name == "mnist-small"
    assert "trained as mnist-small" in capsys.readouterr().err


def test_the_kind_is_no_field_to_change():
    with pytest.raises(ValueError, match="give --kind flow instead of --set"):
        choose_recipe("digits", changes={"kind": "flow"})


def test_what_no_recipe_has_is_refused():
    with pytest.raises(ValueError, match="a recipe has no colour"):
        choose_recipe("digits", changes={"colour": "red"})
    with pytest.raises(ValueError, match="a recipe has no device"):
        distil("digits-reflow", changes={"device": "cpu"})


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of three grey pictures, whose name has a blank."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my photos").mkdir()
    for i in range(3):
        Image.new("L", (20, 20), 80 * i).save(tmp_path / "my photos" / f"{i}.png")
    return tmp_path / "my photos"


def write_classes(folder, names):
    """One grey picture of each class, 20 pixels wide."""
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        Image.new("L", (20, 20), 20 * number).save(folder / name / "a.png")


SMALL = {"images": 64, "batch": 16, "learning_rate": 1e-4, "flip": True, "compile": False}


def test_the_cards_command_is_complete_and_quoted_and_does_it_again(photos, capsys):
    """The words of the command, given to the command line, train the same network."""
    options = {"size": 10, "device": "cpu", "seed": 3, "precision": "float32"}
    file = train("my photos", "flow", out=Path("a run"), changes={**SMALL, "other_shares": [0.05]}, **options)
    assert "--checkpoint 'a run/my photos-flow'" in capsys.readouterr().err
    command = cards.read_card(file)["command"]
    assert command == (
        "diffusion-lessons train 'my photos' --kind flow --size 10 --out 'a run' --seed 3 --precision float32"
        " --device cpu --set images=64 --set batch=16 --set learning_rate=0.0001 --set flip=true --set compile=false"
        " --set other_shares=0.05,"
    )
    before = file.read_bytes()
    cli.app([*shlex.split(command)[1:], "--overwrite"], standalone_mode=False)
    assert file.read_bytes() == before


def test_the_command_of_a_recipe_is_short(photos):
    file = train("digits", changes={"images": 64, "batch": 64}, seed=0, precision="auto", minutes=None)
    command = "diffusion-lessons train digits --seed 0 --set images=64 --set batch=64"
    assert cards.read_card(file)["command"] == command


def test_a_folder_says_on_which_device_its_recipe_was_chosen(photos, monkeypatch):
    monkeypatch.setattr(training, "choose_recipe", lambda *_: (recipes.get("digits", images=64), load_data("digits")))
    file = train("my photos", out=Path("run"), seed=0)
    assert " --device " in cards.read_card(file)["command"]


def test_a_finished_run_is_neither_replaced_nor_resumed(photos, capsys):
    file = train("digits", changes={"images": 64}, seed=0)
    before = file.read_bytes()
    for options in ({"seed": 1}, {"seed": 0, "resume": True}):
        with pytest.raises(FileExistsError, match="is a finished network, trained on 64 images"):
            train("digits", changes={"images": 64}, **options)
    assert file.read_bytes() == before
    assert train("digits", changes={"images": 64}, seed=1, overwrite=True).read_bytes() != before


def test_colour_on_a_cpu_says_what_a_gpu_would_change(tmp_path, monkeypatch, capsys):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    recipe, _ = choose_recipe(str(tmp_path), device="cpu")
    assert recipe.images == recipes.HOUR_ON_A_CORE
    (line,) = capsys.readouterr().err.splitlines()
    assert "ends in about an hour of one core: 800,000 images" in line and "--device cuda) would see 12,000,000" in line
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    choose_recipe(str(tmp_path), device="cpu", size=8)
    assert capsys.readouterr().err == ""


def test_a_recipe_takes_its_images_from_a_folder(tmp_path, monkeypatch):
    """A network is known by its data's name, wherever they lie: by it the classifier that judges it is found."""
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "my photos", CLASSES["cifar10"])
    write_classes(tmp_path / "my digits", CLASSES["mnist"])
    small = {"images": 64, "batch": 32, "compile": False}
    recipe, data = choose_recipe("cifar10-small", "flow", None, "cpu", small, Path("my photos"))
    assert recipe == recipes.get("cifar10-small", "flow", images=64, batch=32, compile=False)
    assert data.card["name"] == "cifar10" and data.card["source"] == "my photos" and data.shape[1:] == (32, 32)
    file = train("mnist-small", out=Path("a run"), data=Path("my digits"), size=12, changes=SMALL, device="cpu", seed=0)
    card = cards.read_card(file)
    assert "train mnist-small --size 12 --data 'my digits' --out 'a run' --seed 0" in card["command"]
    assert card["data"]["name"] == "mnist" and file.stem == "mnist-diffusion"


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("my photos", "'my photos' is none: leave it out"),
        ("digits", "digits spoils some of its own images: leave --data out"),
        ("cifar10-small", "my photos has the classes image, and cifar10 has airplane, .*train 'my photos'`"),
        ("captions-judge", "captions-judge draws its own scenes from MNIST's strokes: leave --data out"),
    ],
)
def test_a_folder_of_images_is_refused_where_it_means_nothing(what, message, photos):
    with pytest.raises(ValueError, match=message):
        train(what, data=Path("my photos"))


def test_a_folder_that_is_not_there_is_told_and_a_folder_is_offered_without_a_network(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="'nowhere' is not a folder of images: give one that holds pictures"):
        train("cifar10-small", data=Path("nowhere"), device="cpu")
    monkeypatch.setenv("DIFFUSION_LESSONS_DATA", str(tmp_path))

    def unreachable(*args, **options):
        raise ConnectionError("no network.")

    monkeypatch.setattr("diffusion_lessons.training.recipes.load_data", unreachable)
    with pytest.raises(ConnectionError, match=r"no network. Or, .*--data FOLDER, with FOLDER/train/CLASS/\*.png"):
        train("cifar10-small", device="cpu")


def test_a_student_says_who_its_teacher_is(photos, capsys):
    with pytest.raises(ValueError, match="a recipe has no"):
        distil("digits-progressive-8", changes={"colour": 1})
    distil("digits-progressive-8", changes={"images": 64}, out=Path("a run"), seed=2)
    assert "the teacher is " in (told := capsys.readouterr().err) and "checkpoints/digits-diffusion.safetensors" in told
    command = cards.read_card("a run/digits-progressive-8")["command"]
    assert command == "diffusion-lessons distil digits-progressive-8 --out 'a run' --seed 2 --set images=64"
    with pytest.raises(FileExistsError, match="is a finished network"):
        distil("digits-progressive-8", changes={"images": 64}, out=Path("a run"), seed=2)


def test_a_student_takes_its_images_from_a_folder(tmp_path, monkeypatch):
    """They are resized to what its teacher makes, and known by the recipe's name for them."""
    monkeypatch.chdir(tmp_path)
    write_classes(tmp_path / "my digits", CLASSES["mnist"])
    small = {"images": 4, "batch": 4}
    file = distil("mnist-progressive-8", data=Path("my digits"), changes=small, device="cpu")
    card = cards.read_card(file)
    assert "distil mnist-progressive-8 --data 'my digits' --device cpu" in card["command"]
    assert (card["data"]["name"], card["shape"]) == ("mnist", [1, 28, 28])
    with pytest.raises(ValueError, match="spoils some of its own images"):
        distil("digits-progressive-8", data=Path("my digits"))


@pytest.mark.parametrize(
    ("what", "name"), [("MNIST", "mnist-small"), ("cifar-10", "cifar10-small"), ("Digits", "digits")]
)
def test_a_recipe_is_found_in_any_spelling_of_its_data(what, name, monkeypatch):
    monkeypatch.setattr("diffusion_lessons.training.recipes.load_data", lambda *_, **__: load_data("digits"))
    assert choose_recipe(what, device="cpu")[0].name == name


def test_a_data_set_without_a_recipe_gets_the_nearest(monkeypatch):
    images = load_data("digits", size=28)
    images = replace(images, card={"name": "fashion-mnist"})
    monkeypatch.setattr(training, "load_data", lambda name, size: images if name == "fashion-mnist" else None)
    recipe, data = choose_recipe("fashion_mnist", device="cpu")
    assert data is images and recipe.checkpoint == "fashion-mnist-diffusion"
    assert recipe.network == recipes.get("mnist-small").network


@pytest.fixture
def handwriting(tmp_path, monkeypatch):
    """In MNIST's place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(parts, "load_strokes", lambda split: load_sample().strokes)
    monkeypatch.setattr(captions_recipes, "SETTLING", 2)


def test_a_part_of_the_text_to_image_system_is_trained_by_its_name(handwriting):
    file = train("captions-judge", device="cpu", seed=0, changes={"images": 16, "batch": 8})
    assert file.parent == Path("runs/captions-judge") and not (file.parent / "samples.png").exists()
    command = "diffusion-lessons train captions-judge --device cpu --seed 0 --set images=16 --set batch=8"
    assert cards.read_card(file)["command"] == command


def test_a_denoiser_finds_its_parts_and_draws_its_prompts(handwriting, tmp_path):
    for part in ("captions-contrastive", "captions-autoencoder"):
        folder = tmp_path / "runs" / part
        folder.mkdir(parents=True)
        save_system(folder)
    changes = {"images": 8, "batch": 8, "cached": 8}
    file = train("captions-flow", device="cpu", changes=changes)
    with Image.open(file.parent / "samples.png") as picture:
        assert picture.size[0] > picture.size[1]
    assert cards.read_card(file)["parts"].keys() == {"text", "autoencoder"}
