"""The wheel alone is a library: far from any clone, without a network, with nothing but what it declares to need."""

import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]  # on a busy machine

# Runs isolated (-I), so that neither the folder it starts in nor PYTHONPATH leads to the clone; of the editable
# install, which does, both kinds are taken off: a path in sys.path and a finder in sys.meta_path.
SCRIPT = """
import json, socket, sys
from pathlib import Path

wheel, clone = map(Path, sys.argv[1:3])
sys.path[:] = [str(wheel), *(place for place in sys.path if Path(place).resolve() != clone)]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
missing = set(json.loads(sys.argv[3]))


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in missing else self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)


def refused(*arguments, **options):
    raise OSError("no network here")


socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused

import datasets

assert Path(datasets.__file__).parent == wheel / "datasets"

import torch

import diffusion_lessons

assert Path(diffusion_lessons.__file__).is_relative_to(wheel), diffusion_lessons.__file__

from diffusion_lessons import checkpoints
from diffusion_lessons.checks import check
from diffusion_lessons.commands.frontier import show_frontier
from diffusion_lessons.data import load_data
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.machine import places
from diffusion_lessons.sampling import generate

assert places.clone() is None
assert {"digits-diffusion", "mnist-diffusion"} <= set(checkpoints.names())
denoise = checkpoints.load("digits-diffusion")
x = generate(denoise, 4, labels=[3], steps=5)[-1].x
assert x.shape == (4, 1, 8, 8) and x.isfinite().all() and x.std() > 0.3

best = show_frontier("mnist-diffusion", out=Path("frontier.png"))
assert len(best) > 3 and Path("frontier.png").stat().st_size > 10_000


def ddim_step(x_t, eps, alpha_bar_t, alpha_bar_s):
    x0 = (x_t - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    return alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s) ** 0.5 * eps


check("ddim_step", ddim_step).require()
assert len(load_data("digits")) == 1500
assert len(load_sample().sentences) == 1000

import importlib, pkgutil

for name, extra in {"panels": "lab", "pipelines.parts": "pipelines"}.items():
    try:
        importlib.import_module(f"diffusion_lessons.{name}")
    except ImportError as error:
        assert "pip install" in str(error) and f"diffusion-lessons[{extra}]" in str(error), error
    else:
        raise AssertionError(f"{name} was imported without the packages of its extra")

extras = tuple(f"diffusion_lessons.{name}" for name in ("panels", "classroom", "commands.classroom", "pipelines"))
alone = {"diffusion_lessons.pipelines", "diffusion_lessons.pipelines.configs"}  # these say what is missing
for module in pkgutil.walk_packages(diffusion_lessons.__path__, "diffusion_lessons.", onerror=lambda name: None):
    if module.name in alone or not module.name.startswith(extras) and not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("the wheel is a library")
"""


def declared(wheel: metadata.Distribution) -> set[str]:
    """The distributions that an installer brings with this one, without extras: requirements, and theirs in turn."""
    installed = {canonicalize_name(one.name): one for one in metadata.distributions()}
    names, waiting = set(), [(wheel, "")]
    while waiting:
        distribution, extra = waiting.pop()
        for requirement in map(Requirement, distribution.requires or []):
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
                continue
            for name in {(canonicalize_name(requirement.name), asked) for asked in ("", *requirement.extras)} - names:
                names.add(name)
                waiting += [(installed[name[0]], name[1])] if name[0] in installed else []
    return {name for name, _ in names}


def undeclared(wheel: metadata.Distribution) -> list[str]:
    """What can be imported here and comes from a distribution that the wheel does not declare to need."""
    known = declared(wheel) | {"diffusion-lessons"}
    return [
        module
        for module, distributions in metadata.packages_distributions().items()
        if module != "datasets" and known.isdisjoint(map(canonicalize_name, distributions))
    ]


@pytest.fixture(scope="module")
def unpacked(wheel_file, tmp_path_factory):
    """The wheel's files, as an installer lays them out, beside a package that is named like a clone's folder."""
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel_file) as archive:
        archive.extractall(site)
    (site / "datasets").mkdir()
    (site / "datasets" / "__init__.py").write_text('"""Stands for the library of this name by Hugging Face."""\n')
    return site


def test_the_wheel_holds_the_package_and_nothing_else(unpacked):
    rooms = {path.relative_to(unpacked).parts[0] for path in unpacked.rglob("*.py")}
    assert rooms == {"diffusion_lessons", "datasets"}
    shipped = {path.name for path in (ROOT / "diffusion_lessons/checkpoints").glob("*.safetensors")}
    assert {path.name for path in (unpacked / "diffusion_lessons/checkpoints").glob("*.safetensors")} == shipped
    tables = {path.name for path in (ROOT / "datasets/measurements").iterdir()}
    assert {path.name for path in (unpacked / "diffusion_lessons/measurements").iterdir()} == tables


@pytest.fixture
def wheel(unpacked):
    """What the wheel says of itself."""
    (about,) = unpacked.glob("diffusion_lessons-*.dist-info")
    return metadata.Distribution.at(about)


def test_only_what_is_declared_counts_as_installed(wheel):
    hidden = set(undeclared(wheel))
    assert hidden >= {"pytest", "yaml", "hypothesis", "jupytext", "nbformat"}
    assert hidden.isdisjoint({"torch", "numpy", "sklearn", "PIL", "typer", "safetensors", "uncertainties", "sympy"})


def test_the_wheel_samples_draws_and_checks_on_its_own(unpacked, wheel, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "DIFFUSION_LESSONS_DATA"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, str(unpacked), str(ROOT), json.dumps(undeclared(wheel))],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("the wheel is a library\n")
    assert [path.name for path in (unpacked / "datasets").iterdir() if path.suffix] == ["__init__.py"]
