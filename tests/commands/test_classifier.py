"""A classifier of one's own images, and the features of real images beside it, through the command line."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from diffusion_lessons import cli
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.commands import classifier as commands
from diffusion_lessons.data import Data
from diffusion_lessons.metrics import features as measured
from diffusion_lessons.metrics.features import classifier, reference
from diffusion_lessons.training import classifier as training


def run(*arguments) -> int:
    sys.argv = ["diffusion-lessons", *map(str, arguments)]
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


@pytest.fixture(autouse=True)
def arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", [])


@pytest.fixture
def shapes(tmp_path) -> Path:
    """A folder of light and dark squares, a class each."""
    for split, count in (("train", 8), ("test", 4)):
        for label, value in (("dark", 40), ("light", 200)):
            (tmp_path / "shapes" / split / label).mkdir(parents=True)
            for index in range(count):
                pixels = np.full((12, 12), value + index, dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / "shapes" / split / label / f"{index}.png")
    return tmp_path / "shapes"


def test_a_classifier_of_ones_own_images(shapes, tmp_path, monkeypatch, capsys):
    """Trained, saved, and used through the command line; features made with another classifier are refused."""
    monkeypatch.setitem(training.RECIPES, "digits", replace(training.RECIPES["digits"], epochs=15, batch=8))
    options = [shapes, "--size", 8, "--device", "cpu", "--out", tmp_path]
    assert run("classifier", *options, "--seed", 1) == 0
    assert "100.00% of 8 test images classified correctly" in capsys.readouterr().out
    name = str(tmp_path / "shapes")
    card = classifier(name).card
    assert card["classes"] == ["dark", "light"]
    assert card["command"] == (f"diffusion-lessons classifier {shapes} --out {tmp_path} --seed 1 --size 8 --device cpu")

    assert run("features", shapes, "--classifier", name, "--count", 5) == 0
    assert capsys.readouterr().out == f"saved to {name}-features.safetensors\n"
    assert reference(name, "train").features.shape == (5, 64)
    assert run("features", shapes, "--classifier", name, "--count", 5) == 1
    assert "shapes-features.safetensors is there already" in capsys.readouterr().err
    assert run("features", shapes, "--classifier", name, "--count", 5, "--overwrite") == 0
    before = Path(f"{name}-classifier.safetensors").read_bytes()
    assert run("classifier", *options, "--seed", 2) == 1
    assert "is there already: use another folder (--out), or replace it (--overwrite)" in capsys.readouterr().err
    assert Path(f"{name}-classifier.safetensors").read_bytes() == before
    assert run("classifier", *options, "--seed", 2, "--overwrite") == 0
    measured._references.cache_clear()
    with pytest.raises(ValueError, match="made with classifier"):
        reference(name)


@pytest.mark.parametrize(("classes", "kept_as"), [(256, torch.uint8), (257, torch.int32), (300, torch.int32)])
def test_the_labels_of_many_classes_are_kept_whole(tmp_path, monkeypatch, classes, kept_as):
    pixels = torch.arange(2 * classes).remainder(256).to(torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    labels = torch.arange(classes).repeat(2)
    data = Data(pixels, labels, tuple(map(str, range(classes))), {"name": "many"})
    monkeypatch.setattr(commands, "load_data", lambda *_, **__: data)
    monkeypatch.setattr(commands, "classifier", lambda name: SimpleNamespace(card={"shape": [1, 4, 4], "sha256": "s"}))
    monkeypatch.setattr(commands, "features", lambda images, name: images.flatten(1))
    (tmp_path / "many-classifier.safetensors").touch()
    tensors, _ = cards.read(commands.write_features("many", str(tmp_path / "many")))
    for split in ("train", "test"):
        assert tensors[f"{split}_labels"].bincount().tolist() == classes * [2]
        assert tensors[f"{split}_labels"].dtype == kept_as


def test_a_folder_without_test_images_is_refused_before_training(shapes, tmp_path, capsys):
    assert run("classifier", shapes / "train", "--device", "cpu", "--out", tmp_path / "out") == 1
    assert "is not split" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_noticed_before_training(shapes, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setattr("diffusion_lessons.commands.classifier.train_classifier", None)  # would be a TypeError
    assert run("classifier", shapes, "--size", 8, "--device", "cpu", "--out", tmp_path / "file" / "new") == 1
    assert "could not write" in (told := capsys.readouterr().err) and len(told.splitlines()) == 1
