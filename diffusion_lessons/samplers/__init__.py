"""Samplers: one readable function for each algorithm, all called alike.

    x = sample(samplers.ddim, denoise, path.prior((16, 1, 28, 28)), path, path.grid(50))

`ALL` is the one list from which benchmarks, panels and the command line draw their choices.
"""

from diffusion_lessons.samplers.base import Info, Sampler, State, sample, trace
from diffusion_lessons.samplers.ddim import ddim, ddim_inversion
from diffusion_lessons.samplers.ddpm import ddpm

ALL: dict[str, Sampler] = {sampler.info.name: sampler for sampler in (ddpm, ddim)}


def get(name: str) -> Sampler:
    """The sampler of this name."""
    if name not in ALL:
        raise ValueError(f"unknown sampler {name!r}; the samplers are {', '.join(ALL)}")
    return ALL[name]


__all__ = ["ALL", "Info", "Sampler", "State", "ddim", "ddim_inversion", "ddpm", "get", "sample", "trace"]
