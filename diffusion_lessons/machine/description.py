"""Where a number was measured: a latency without its machine says nothing."""

import os
import platform
from pathlib import Path

import torch

from diffusion_lessons.checkpoints.cards import versions


def describe(device: torch.device) -> dict[str, str | int | float | None]:
    """The device by name, CPU threads, library versions, and the load: above 1 a core, others were computing too."""
    found = versions()
    return {
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,  # Windows has none
        "python": found["python"],
        "torch": found["torch"],
        "version": found["diffusion-lessons"],
    }


def device_name(device: torch.device) -> str:
    """ "cuda: NVIDIA H100", "cpu: AMD EPYC 7763"."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {_processor()}"


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was told: GPUs answer before they have finished."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        names = [line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
