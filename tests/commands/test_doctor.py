"""What was found is printed, and one trouble is enough to say so."""

import shutil
import warnings

import pytest

from diffusion_lessons import checkpoints, load, samplers, schedules, toys
from diffusion_lessons.commands.doctor import show_diagnosis, show_health, show_starts


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


def test_a_networks_fault_is_named_and_a_good_one_is_left_alone(tmp_path, capsys):
    good = load("digits-diffusion", "cpu")
    names = tuple(good.card["classes"])
    file = checkpoints.save(tmp_path / "mine", good.network, good.path, "eps", shape=good.shape, class_names=names)
    assert show_diagnosis(str(file), "digits") is False
    out = capsys.readouterr().out
    assert "sampled by the library's DDIM" in out and "read as v, not as eps" in out
    assert (
        "About its kind: lllyasviel/stable-diffusion-webui-forge#2509." in out
        and "The likely cause: v is read as eps." in out
    )
    assert show_diagnosis("digits-diffusion", "digits") is True
    assert "Nothing is wrong that these measurements could find." in capsys.readouterr().out


def test_images_that_the_network_does_not_draw_are_refused(tmp_path):
    with pytest.raises(ValueError, match="captions-diffusion does not draw images"):
        show_diagnosis("captions-diffusion", "digits")
