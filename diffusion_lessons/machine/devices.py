"""Where to compute, and in which precision."""

import platform
from pathlib import Path

import torch

# Names that a person may give: a CUDA device may carry its number, as in cuda:1
KINDS = ("cuda", "mps", "cpu")


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """The device of this name; without one, the best that is there: CUDA, then Apple's MPS, then the CPU."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name is None:
        return torch.device(next(kind for kind in KINDS if there[kind]))
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"unknown device {name!r}; the devices are {', '.join(KINDS)}") from error
    if not there.get(device.type, False):
        found = ", ".join(kind for kind in KINDS if there[kind])
        raise ValueError(f"device {str(device)!r} was asked for, but this machine and this PyTorch have only: {found}")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise ValueError(
            f"device {str(device)!r} was asked for, but there are {torch.cuda.device_count()} CUDA devices"
        )
    return device


def half_precision(device: torch.device) -> torch.dtype | None:
    """The half type in which convolutions are faster there, or None: bfloat16 where the hardware has it.

    float16 needs its loss scaled; bfloat16 does not. A CPU without bfloat16 instructions would emulate them, slowly.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return None


def device_name(device: torch.device) -> str:
    """What a card and a measured row say of a device: "cuda: NVIDIA H100", "cpu: AMD EPYC 7763"."""
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}: {_processor()}"


def synchronise(device: torch.device) -> None:
    """Wait until the device has finished its work: a GPU returns from a call before it has."""
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
