"""Diffusion models, from one number on paper to the frontier of steps, quality and latency.

from diffusion_lessons import load, sample, trace, samplers, schedules, denoisers, guidance, toys
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffusion_lessons import denoisers, guidance, samplers, schedules, toys
    from diffusion_lessons.checkpoints import load
    from diffusion_lessons.samplers import sample, trace

__all__ = ["denoisers", "guidance", "load", "sample", "samplers", "schedules", "toys", "trace"]

_HOMES = {"load": "checkpoints", "sample": "samplers", "trace": "samplers"}


def __getattr__(name: str) -> Any:
    """Import on first use: PyTorch takes seconds, and `diffusion-lessons --help` does without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOMES.get(name, name)}")
    return getattr(module, name) if name in _HOMES else module


def __dir__() -> list[str]:
    return sorted(__all__)
