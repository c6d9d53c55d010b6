"""What is written beside a measured number: enough to know the machine, and only what JSON can keep."""

import json
import platform
import re
from importlib.metadata import PackageNotFoundError, version

import torch

from diffusion_lessons.machine.description import describe, versions


def test_a_machine_is_described_by_what_a_latency_depends_on():
    machine = describe(torch.device("cpu"))
    assert machine.keys() >= {"device", "threads", "cores", "load", "python", "torch", "version"}
    assert machine["threads"] == torch.get_num_threads() and machine["torch"] == torch.__version__.split("+")[0]
    assert json.loads(json.dumps(machine)) == machine


def test_a_system_without_a_load_average_says_nothing_of_it(monkeypatch):
    monkeypatch.delattr("os.getloadavg", raising=False)
    assert describe(torch.device("cpu"))["load"] is None


def test_versions_are_those_that_are_installed():
    known = versions()
    assert known["python"] == platform.python_version() and known["safetensors"] == version("safetensors")
    assert all(re.match(r"\d+\.\d+", number) for number in known.values())


def test_a_clone_that_is_not_installed_has_no_version_and_still_says_where_it_ran(monkeypatch):
    def only_others(name):
        if name == "diffusion-lessons":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr("diffusion_lessons.machine.description.version", only_others)
    assert versions()["diffusion-lessons"] == "not installed" and versions()["torch"] == version("torch")
    assert describe(torch.device("cpu"))["version"] == "not installed"
