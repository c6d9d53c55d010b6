"""Where a number was measured: a latency without its machine says nothing."""

import ctypes
import os
import platform
import subprocess
from contextlib import suppress
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version

import torch

from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import device_name

LIBRARIES = ("diffusion-lessons", "torch", "torchvision", "safetensors")


def describe(device: torch.device) -> dict[str, str | int | float | None]:
    """The device by name, CPU threads, library versions, and the load: above 1 a core, others were computing too."""
    current = versions()
    return {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,  # Windows has none
        "python": current["python"],
        "torch": current["torch"],
        "version": current["diffusion-lessons"],
        "backend": backend(device),
        "commit": _commit(),
    }


@cache
def _commit() -> str | None:
    """The commit of the clone that this code is part of, with a "+" where files were changed; None elsewhere."""
    folder = places.clone()
    if folder is None:
        return None
    with suppress(OSError, subprocess.SubprocessError):
        ask = partial(subprocess.run, cwd=folder, capture_output=True, text=True, check=True, timeout=10)
        head = ask(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        changed = ask(["git", "status", "--porcelain", "--untracked-files=no", "diffusion_lessons"]).stdout.strip()
        return head + "+" * bool(changed)
    return None


def backend(device: torch.device) -> str | None:
    """What computes on a CUDA device, as far as it is known, and whether its float32 is TF32 now; None elsewhere."""
    if device.type != "cuda":
        return None
    driver, cudnn = _driver(), torch.backends.cudnn.version()
    known = {"CUDA": torch.version.cuda, "ROCm": torch.version.hip, "driver for CUDA": driver, "cuDNN": cudnn}
    products = "TF32" if torch.backends.cuda.matmul.allow_tf32 else "no TF32"
    return ", ".join([*(f"{name} {found}" for name, found in known.items() if found), products])


def _driver() -> str | None:
    """The newest CUDA that the installed driver supports, such as "12.8"; None where the driver does not say.

    The driver itself is asked: PyTorch has no public function for it, and newer versions no private one either.
    """
    newest = ctypes.c_int(0)
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL("nvcuda.dll" if os.name == "nt" else "libcuda.so.1")
        library.cuDriverGetVersion(ctypes.byref(newest))  # 12080 is 12.8
    return f"{newest.value // 1000}.{newest.value % 1000 // 10}" if newest.value else None


def versions() -> dict[str, str]:
    """The versions that a result may depend on: Python's, this package's and those of the libraries under it.

    A clone runs without being installed, and then it has no version: no reason to lose what was trained by it.
    """
    return {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
