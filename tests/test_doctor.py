"""The doctor examines this machine, and says what to do about what is missing."""

import sys

import torch

from diffusion_lessons import doctor


def test_the_machine_is_examined():
    assert all(finding.ok for finding in doctor.examine())


def test_a_device_on_which_nothing_trains_is_found_and_says_what_to_do(monkeypatch):
    def fails(*_, **__):
        raise NotImplementedError("The operator 'aten::special_ndtri' is not implemented for the MPS device")

    monkeypatch.setattr(doctor.loop, "train", fails)
    (finding,) = (finding for finding in doctor.examine() if finding.name == "training on cpu")
    assert not finding.ok and "special_ndtri" in finding.observation and "--device cpu" in finding.remedy


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(doctor, "FLOORS", {"no-such-package": (1, 0)})
    finding = next(f for f in doctor.examine() if f.name == "no-such-package")
    assert not finding.ok and "pip install 'no-such-package>=1.0'" in str(finding)


def test_a_library_without_the_lessons_packages_says_which_extra_brings_them(monkeypatch):
    monkeypatch.setattr(doctor, "LAB", {"ipywidgets": (8, 1), "no-such-lab": (4, 2)})
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    findings = {finding.name: finding for finding in doctor.examine()}
    for name in ("no-such-lab", "widgets"):
        assert not findings[name].ok and 'pip install "diffusion-lessons[lab]"' in str(findings[name])


def test_every_gpu_is_tried_and_what_it_does_is_said(monkeypatch):
    monkeypatch.setattr(doctor, "kind_is_there", lambda kind: kind != "mps")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert [str(device) for device in doctor._devices()] == ["cuda:0", "cuda:1", "cpu"]
    finding = doctor._training(torch.device("cpu"))
    assert finding.ok and "one step in" in finding.observation and "compile" in finding.observation


def test_no_error_of_a_device_ends_the_examination(monkeypatch):
    def fails(*_, **__):
        raise AssertionError("Torch not compiled with CUDA enabled")

    monkeypatch.setattr(doctor.loop, "train", fails)
    monkeypatch.setattr(doctor.samplers, "sample", fails)
    for finding in (doctor._training(torch.device("cpu")), doctor._sample(torch.device("cpu"))):
        assert not finding.ok and finding.observation == "Torch not compiled with CUDA enabled"
