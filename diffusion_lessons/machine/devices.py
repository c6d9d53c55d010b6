"""Where to compute, and in which precision."""

import importlib.util
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

# Names that a person may give: a CUDA device may carry its number, as in cuda:1
KINDS = ("cuda", "mps", "cpu")


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """The device of this name; without one, the best that is there: CUDA, then Apple's MPS, then the CPU."""
    if name is None:
        return torch.device(next(filter(kind_is_there, KINDS)))
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError, ValueError) as error:  # words, things that are no name, numbers without end
        raise ValueError(f"unknown device {name!r}; the devices are {', '.join(KINDS)}") from error
    if not kind_is_there(device.type):
        kinds = ", ".join(filter(kind_is_there, KINDS))
        raise ValueError(f"device {str(device)!r} was asked for, but this machine and this PyTorch have only: {kinds}")
    if device.type == "cuda" and device.index is not None and device.index >= torch.cuda.device_count():
        raise ValueError(
            f"device {str(device)!r} was asked for, but there are {torch.cuda.device_count()} CUDA devices"
        )
    return device


def kind_is_there(kind: str) -> bool:
    """Whether this machine and this PyTorch have a device of this kind."""
    return (
        kind == "cpu"
        or (kind == "cuda" and torch.cuda.is_available())
        or (kind == "mps" and torch.backends.mps.is_available())
    )


def half_precision(device: torch.device) -> torch.dtype | None:
    """The half type in which convolutions are faster there, or None: bfloat16 where the hardware has it.

    float16 needs its loss scaled; bfloat16 does not. A CPU without bfloat16 instructions would emulate them, slowly.
    On Apple's GPUs PyTorch computes in bfloat16 from macOS 14 on.
    """
    if device.type == "cuda":  # bfloat16 came with compute capability 8.0; of this device, not of the current one
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
    if device.type == "mps":
        return torch.bfloat16 if torch.backends.mps.is_macos_or_newer(14, 0) else None
    if device.type == "cpu" and torch.cpu._is_avx512_bf16_supported():
        return torch.bfloat16
    return None


def why_no_bfloat16(device: torch.device) -> str:
    """Why bfloat16 would not be faster there; '' where it is."""
    if half_precision(device) == torch.bfloat16:
        return ""
    return "this processor has no bfloat16 products, and would imitate them slowly"


def training_precision(name: str, device: torch.device) -> torch.dtype | None:
    """The type of a training step's convolutions: "auto" is `half_precision`, "float32" is None: no half at all.

    Raises ValueError for another name than auto, float32, bfloat16 and float16.
    """
    types = {"auto": half_precision(device), "float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if name not in types:
        raise ValueError(f"unknown precision {name!r}; the precisions are {', '.join(types)}")
    return types[name]


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Inside the block, CUDA devices may (or may not) round the factors of float32 products to 10 bits: it is faster.

    PyTorch's own default is a mixture, yes in convolutions and no in linear layers; after the block it is as it was.
    """
    places: tuple[Any, Any] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [place.allow_tf32 for place in places]
    for place in places:
        place.allow_tf32 = allowed
    try:
        yield
    finally:
        for place, value in zip(places, before, strict=True):
            place.allow_tf32 = value


def moved(values: Tensor, device: torch.device) -> Tensor:
    """The same tensor on `device`; from the CPU to a CUDA device through pinned memory, so that the copy does not wait.

    A copy from ordinary memory first waits until the device has finished all work that it was given. All other copies
    do wait: MPS may read the CPU's memory after it was freed (github.com/pytorch/pytorch/issues/189690), and the CPU
    would go on before the values of a GPU have arrived.
    """
    if values.device.type == "cpu" and device.type == "cuda":
        return pinned(values).to(device, non_blocking=True)
    return values.to(device)


def pinned(values: Tensor) -> Tensor:
    """The same tensor in memory that the operating system may not move, so that a GPU can read it by itself."""
    return values.pin_memory()


def is_out_of_memory(error: Exception) -> bool:
    """Whether this is a device, of any kind, that has no memory left: only CUDA has an error of its own for it."""
    words = ("out of memory", "can't allocate memory", "ALLOC_FAILED")  # MPS; a CPU; cuDNN and cuBLAS
    text = str(error)
    return isinstance(error, torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(each in text for each in words)
    )


def device_generator(device: torch.device, seed: int) -> torch.Generator:
    """Random numbers made on the device itself."""
    return torch.Generator(device).manual_seed(seed)


def why_not_compiled(device: torch.device) -> str:
    """Why torch.compile would not work on this device; '' where it does.

    For a GPU, Inductor writes Triton kernels, which need compute capability 7.0 and a C compiler to launch them; for a
    CPU it writes C++.
    """
    if device.type == "cpu":
        return "" if any(map(shutil.which, ("c++", "g++", "clang++"))) else "there is no C++ compiler"
    if device.type != "cuda":
        return f"PyTorch does not compile for {device.type} well enough"
    major, minor = torch.cuda.get_device_capability(device)
    if major < 7:
        return f"the GPU has compute capability {major}.{minor}, and 7.0 is needed"
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed"
    if not any(map(shutil.which, ("cc", "gcc", "clang", "cl"))):
        return "there is no C compiler"
    return ""


def device_name(device: torch.device) -> str:
    """The name of a device in cards and measured rows: "cuda: NVIDIA H100", "cpu: AMD EPYC 7763"."""
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
