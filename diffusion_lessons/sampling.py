"""From words to samples: what the command line, the training loop's pictures and a notebook's first cell call.

states = generate(load("mnist-diffusion"), 16, labels=[7], scale=3.0, sampler="dpm_solver_pp_2m", steps=15)
images = states[-1].x
"""

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from diffusion_lessons import samplers
from diffusion_lessons.denoisers import Denoiser, DenoiserLike, Wrapper, clip
from diffusion_lessons.guidance import Scale, classifier_free
from diffusion_lessons.path import Path
from diffusion_lessons.samplers import Sampler, State, trace


def generate(
    denoise: Denoiser | Wrapper,
    count: int,
    *,
    labels: Sequence[int | str] | None = None,
    scale: Scale = 1.0,
    negative: int | str | None = None,
    interval: tuple[float, float] | None = None,
    rescale: float = 0.0,
    sampler: str = "ddim",
    steps: int = 20,
    spacing: str = "trailing",
    limit: float | None = 1.0,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = False,
    **options: Any,
) -> list[State]:
    """`count` samples of a network: every State of the run, the last holding the samples [count, *shape].

    labels: classes by number or name, dealt out in turn; None for no condition (`scale` is then not used).
    scale, negative, interval, rescale: as in `guidance.classifier_free`.
    limit: clip x0_hat to [-limit, limit], outermost; None for no clipping.
    seed: decides x_T and the sampler's noise, drawn on the CPU, so that it means the same on every device.
    options: the sampler's own, such as eta=1.0.
    """
    if denoise.shape is None:
        raise ValueError("the denoiser does not say the shape of one sample: make it with shape=(channels, H, W)")
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}")
    generator = torch.Generator().manual_seed(seed)
    chosen, path = samplers.get(sampler), denoise.path
    known = set(inspect.signature(chosen).parameters) - {"denoise", "x", "path", "times"}
    if unknown := options.keys() - known:
        has = ", ".join(sorted(known - {"generator"})) or "none"
        raise ValueError(f"{sampler} has no option {', '.join(sorted(unknown))}; it has {has}")
    if "generator" in known:
        options["generator"] = generator
    x = path.prior((count, *denoise.shape), generator, device=device)
    told: DenoiserLike = denoise
    if labels is not None:
        dealt = torch.tensor([label_number(denoise, labels[i % len(labels)]) for i in range(count)])
        away = None if negative is None else label_number(denoise, negative)
        told = classifier_free(denoise, dealt, scale, away, interval=interval, rescale=rescale)
    elif negative is not None:
        raise ValueError("a negative needs a label to move towards: give labels as well")
    if limit is not None:
        told = clip(told, limit)
    return trace(chosen, told, x, path, times_for(chosen, path, steps, spacing), progress=progress, **options)


def times_for(sampler: Sampler, path: Path, steps: int, spacing: str = "trailing") -> tuple[float, ...]:
    """The path's grid, or its two ends for a sampler that chooses its own times."""
    return (path.T, 0.0) if sampler.info.stages is None else path.grid(steps, spacing)


def label_number(denoise: Denoiser | Wrapper, label: int | str) -> int:
    """The number of a class given by number or by name; names are those of the checkpoint's card."""
    names = [str(name).lower() for name in (denoise.card or {}).get("classes") or []]
    if str(label).lower() in names:
        return names.index(str(label).lower())
    try:
        return int(label)
    except ValueError:
        raise ValueError(f"no class {label!r}: the classes are {', '.join(names) or 'numbered from 0'}") from None
