"""Where a number was measured: a latency without its machine says nothing."""

import os
import platform
from importlib.metadata import version

import torch

from diffusion_lessons.machine.devices import device_name

LIBRARIES = ("diffusion-lessons", "torch", "torchvision", "safetensors")


def describe(device: torch.device) -> dict[str, str | int | float | None]:
    """The device by name, CPU threads, library versions, and the load: above 1 a core, others were computing too."""
    known = versions()
    return {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,  # Windows has none
        "python": known["python"],
        "torch": known["torch"],
        "version": known["diffusion-lessons"],
    }


def versions() -> dict[str, str]:
    """The versions that a result may depend on: Python's, this package's and those of the libraries under it."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}
