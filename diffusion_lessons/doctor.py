"""Does this machine run the course? Every line says what was found and, where something is missing, what to do."""

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.data import load_data
from diffusion_lessons.invariants import Finding
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import KINDS, choose_device, half_precision, kind_is_there, why_not_compiled
from diffusion_lessons.networks.unet import UNetConfig
from diffusion_lessons.sampling import generate
from diffusion_lessons.training import loop, recipes

FLOORS = {"torch": (2, 6), "torchvision": (0, 21), "numpy": (1, 26)}
LAB = {"ipywidgets": (8, 1), "jupyterlab": (4, 2)}  # what the lessons need beside the library
ROOM_GB = 2  # what a data set, its checkpoints and some runs need


def examine() -> Iterator[Finding]:
    """Yield one finding after another: Python, packages, devices, a sample, a training step, widgets, data, disk."""
    version = platform.python_version()
    yield Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    for package, floor in {**FLOORS, **LAB}.items():
        yield _package(package, floor)
    device = choose_device()
    yield Finding("device", True, f"{device}, {torch.get_num_threads()} threads on {os.cpu_count()} cores")
    yield _sample(device)
    yield from map(_training, _devices())
    yield _widgets()
    yield Finding(
        "digits", len(load_data("digits")) == 1500, "1,500 images of 8x8, part of scikit-learn", "reinstall it"
    )
    yield _mnist()
    yield _disk(Path.cwd())


def _package(name: str, floor: tuple[int, int]) -> Finding:
    needed = ".".join(map(str, floor))
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        remedy = '"diffusion-lessons[lab]"' if name in LAB else f"'{name}>={needed}'"
        return Finding(name, False, "not installed", f"pip install {remedy}")
    parts = tuple(int(part) for part in version.split("+")[0].split(".")[:2])
    return Finding(
        name, parts >= floor, version, f"version {needed} or newer is needed: pip install -U '{name}>={needed}'"
    )


def _sample(device: torch.device) -> Finding:
    """A 2x2 picture drawn from an exact mixture on the device that training and sampling would use."""
    path = schedules.flow()
    picture = toys.point_masses(torch.tensor([[[1.0, -1.0], [-1.0, 1.0]]]))
    try:
        x = path.prior((1, 2, 2), torch.Generator().manual_seed(0), device=device)
        x = samplers.sample(samplers.ddim, picture.denoiser(path), x, path, path.grid(5))
    except Exception as error:
        return Finding("a 2x2 sample", False, _reason(error), "the device does not compute: try --device cpu")
    right = torch.allclose(x.cpu(), picture.means.view(1, 2, 2).float(), atol=1e-4)
    return Finding("a 2x2 sample", right, "drawn as it should be" if right else f"got {x.tolist()}", "reinstall torch")


def _training(device: torch.device) -> Finding:
    """One step of a network of four features, in the precision that training takes there, and four samples.

    And whether larger networks would be compiled, which is no fault where they are not, only slower.
    """
    name = f"training on {device}"
    tiny = replace(
        recipes.get("digits", "flow", images=16, batch=16, smudged=0.0), network=UNetConfig(widths=(4,), embedding=8)
    )
    try:
        *_, record = loop.train(tiny, load_data("digits"), device=device)
        x = generate(record.denoiser(), 4, labels=range(4), steps=2)[-1].x
        reason = why_not_compiled(device)
    except Exception as error:
        remedy = "update PyTorch and the device's driver, or train with --device cpu (--precision float32 may do, too)"
        return Finding(name, False, _reason(error), remedy)
    if not torch.isfinite(x).all():
        return Finding(name, False, "samples are NaN", "try --precision float32")
    precision = str(half_precision(device) or torch.float32).removeprefix("torch.")
    compiled = "torch.compile can be used" if not reason else f"nothing is compiled, since {reason}"
    return Finding(name, True, f"one step in {precision} and four samples; {compiled}")


def _devices() -> Iterator[torch.device]:
    """Every device of this machine that could train: each GPU, and the CPU."""
    for kind in filter(kind_is_there, KINDS):
        count = torch.cuda.device_count() if kind == "cuda" else 1
        yield from (torch.device(kind, number) if count > 1 else torch.device(kind) for number in range(count))


def _reason(error: Exception) -> str:
    """The first line of an error, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _widgets() -> Finding:
    try:
        import ipywidgets
    except ImportError:
        return Finding("widgets", False, "there are none without ipywidgets", 'pip install "diffusion-lessons[lab]"')
    slider = ipywidgets.IntSlider(value=1, max=3)
    values: list[int] = []
    slider.observe(lambda change: values.append(change["new"]), names="value")
    slider.value = 2
    return Finding("widgets", values == [2], "a slider responds", "pip install -U ipywidgets jupyterlab_widgets")


def _mnist() -> Finding:
    folder = places.datasets()
    try:
        count = len(load_data("mnist", download=False))
    except (OSError, ValueError):
        return Finding(
            "MNIST", True, f"not in {folder} yet; `diffusion-lessons data mnist` fetches it, lessons do without"
        )
    return Finding("MNIST", True, f"{count:,} images in {folder}")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / 1e9
    try:
        with tempfile.TemporaryFile(dir=folder):
            writable = True
    except OSError:
        writable = False
    observation = f"{free:.0f} GB free" + ("" if writable else ", not writable")
    return Finding(
        "disk", writable and free > ROOM_GB, observation, f"{ROOM_GB} GB and a writable folder are needed in {folder}"
    )
