"""What was found is printed, and one trouble is enough to say so."""

import copy
import shutil
import warnings

import pytest
import torch
from PIL import Image

from diffusion_lessons import checkpoints, load, networks, samplers, schedules, toys
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.clinic.patients import patient
from diffusion_lessons.commands.doctor import show_case, show_diagnosis, show_health, show_levels, show_starts
from diffusion_lessons.data import load_data


def test_a_full_disk_is_said(monkeypatch, capsys):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=int(1e8)))
    assert show_health() is False
    out = capsys.readouterr().out
    assert "FAILS  disk: 0 GB free" in out and "2 GB and a writable folder are needed" in out


def test_a_grid_that_starts_where_data_are_left_is_said(capsys):
    """A leading grid of 10 steps starts at t = 901, where the cosine path still has 15 % of the data's size."""
    show_starts(load("mnist-diffusion").path)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if " t = " in line}
    assert "t = 901" in lines["leading"] and "alpha = 0.154" in lines["leading"]
    assert "no: samples will miss" in lines["leading"] and "yes" in lines["trailing"]


@pytest.mark.parametrize("name", ["cosine", "ddpm_linear", "flow", "variance_exploding"])
def test_the_doctor_and_the_samplers_warn_of_the_same_grids(name, capsys):
    path = getattr(schedules, name)()
    show_starts(path)
    numbers = toys.GaussianMixture([0.0], stds=1.0)
    printed = [line for line in capsys.readouterr().out.splitlines() if " t = " in line]
    for line in printed:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", samplers.StartWarning)
            times = path.grid(10, line.split()[0])
            samplers.sample(samplers.ddim, numbers.denoiser(path), path.prior((2,)), path, times)
        assert bool(caught) == ("no: samples" in line), line


def test_a_good_network_is_left_alone(capsys):
    assert show_diagnosis("digits-diffusion", "digits") is True
    out = capsys.readouterr().out
    assert "Nothing is wrong that these measurements could find." in out and "sampled by the library's DDIM" in out


def savable(name, case):
    """The patient as a checkpoint: (network, path, predicts), of the faults that weights and a card can have."""
    network, path = copy.deepcopy(case.denoise.network), case.denoise.path
    if name == "labels_shuffled":  # every label's embedding is the null's, as `Deaf` makes it
        network = copy.deepcopy(network.network)
        table = next(part for part in network.modules() if isinstance(part, torch.nn.Embedding))
        with torch.no_grad():
            table.weight[:] = table.weight[-1:].clone()
    elif name == "time_units":  # t / T is handed to a network that learned t: a card that says T = 1000 T
        network = networks.build({**networks.card(network.network), "T": 1000 * path.T})
        network.load_state_dict(case.denoise.network.network.state_dict())
    return network, path, case.denoise.predicts


@pytest.mark.parametrize("name", ["v_as_eps", "time_units", "labels_shuffled", "null_untrained", "ema_unused"])
def test_faults_that_a_checkpoint_can_have_are_named(name, tmp_path, capsys):
    case = patient(name)
    told = {"shape": case.denoise.shape, "class_names": tuple(case.denoise.card["classes"]), "dtype": torch.float32}
    file = checkpoints.save(tmp_path / "mine", *savable(name, case), **told)
    assert show_diagnosis(str(file), "digits") is False
    out = capsys.readouterr().out
    assert f"The likely cause: {FAULTS[name].title}." in out and FAULTS[name].thread in out
    assert "digits, half of them held out" in out and out.count("FAILS") == 1


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_a_case_of_ones_own_is_named(name, tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(f"from diffusion_lessons.clinic import patient\n\ndef case():\n    return patient({name!r})\n")
    assert show_case(f"{file}:case") is False
    out = capsys.readouterr().out
    assert f"The likely cause: {FAULTS[name].title}." in out and out.count("FAILS") == 1


def test_a_case_that_is_none_is_refused(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("case = 3\n")
    for place, error, words in (
        ("mine.py", ValueError, "--case is FILE.py:NAME"),
        (f"{tmp_path}/other.py:case", FileNotFoundError, "there is no file"),
        (f"{file}:case", ValueError, "is no Case, nor a function that returns one; got int"),
        (f"{file}:others", ValueError, "got NoneType"),
    ):
        with pytest.raises(error, match=words):
            show_case(place)


def test_a_folder_is_read_in_the_networks_size_and_its_test_images_are_measured(tmp_path, capsys):
    digits = load_data("digits", "test")
    for number in range(300):
        split = "train" if number % 2 else "test"
        place = tmp_path / "split" / split / str(int(digits.labels[number % 297]))
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(digits.pixels[number % 297, 0].numpy()).save(place / f"{number}.png")
    assert show_diagnosis("digits-diffusion", str(tmp_path / "split")) is True
    assert "with 300 images of split, half of them held out" in capsys.readouterr().out
    show_diagnosis("digits-diffusion", str(tmp_path / "split" / "train"))
    assert "150 images of train, which has no test/ to hold out" in capsys.readouterr().out


def test_the_levels_of_a_folder_are_those_of_the_same_data_set(tmp_path, capsys):
    digits = load_data("digits", "test")
    for number, label in enumerate(digits.labels.tolist()):
        for split in ("train", "test"):
            place = tmp_path / split / str(label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(digits.pixels[number, 0].numpy()).save(place / f"{number}.png")
    known = show_levels("digits-diffusion", samples=297)
    read = show_levels("digits-diffusion", str(tmp_path), samples=297)
    assert "297 held-out images" in capsys.readouterr().out
    for one, other in zip(known, read, strict=True):  # in another order, so with other noise
        assert one.level == other.level and abs(one.scores["adherence"].value - other.scores["adherence"].value) < 0.08
        assert abs(one.untouched["adherence"].value - other.untouched["adherence"].value) < 0.02
    for split in ("train", "test"):
        shutil.rmtree(tmp_path / split / "9")
    with pytest.raises(ValueError, match="has 9 classes, and digits-diffusion draws"):
        show_levels("digits-diffusion", str(tmp_path))


def test_test_images_that_cannot_be_read_are_not_taken_for_none(tmp_path):
    (tmp_path / "train" / "a").mkdir(parents=True)
    (tmp_path / "test").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "train" / "a" / "1.png")
    with pytest.raises(ValueError, match="test"):
        show_diagnosis("digits-diffusion", str(tmp_path))


def test_images_that_the_network_does_not_draw_are_refused(tmp_path):
    """And it is said what to bring, which is a case."""
    with pytest.raises(ValueError, match=r"captions-diffusion does not draw images.*--case.*clinic\.healthy"):
        show_diagnosis("captions-diffusion", "digits")


def test_images_that_were_resized_to_what_the_network_draws_are_said_to_be(capsys, monkeypatch):
    monkeypatch.setattr("diffusion_lessons.commands.doctor.examine_network", lambda case: None)
    show_diagnosis("mnist-diffusion", "digits")
    assert "the images are 1x8x8, and were made 1x28x28" in capsys.readouterr().out
    show_diagnosis("digits-diffusion", "digits")
    assert "were made" not in capsys.readouterr().out
