"""What somebody brings who asks for help: a denoiser, the images that it learned from, and how samples are drawn."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.base import check_denoiser
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import State
from diffusion_lessons.sampling import Settings, states

MOST = 600  # images of a case

# draw(denoise, x_T, conditions, generator) -> the states of a run from x_T down to a sample
Draw = Callable[[Any, Tensor, Tensor | None, torch.Generator], Iterable[State]]


def drawn_with(settings: Settings) -> Draw:
    """The library's own way from noise to samples, with these settings."""

    def draw(denoise: Any, x: Tensor, conditions: Tensor | None, generator: torch.Generator) -> Iterable[State]:
        return states(denoise, x, settings, conditions, generator)

    return draw


def case_of(denoise: Any, data: Data, held_out: Data | None = None, draw: Draw | None = None, seed: int = 0) -> "Case":
    """The case of a denoiser and some images of its data set, with their labels if the denoiser has classes.

    data: what it learned from; held_out: images of the same kind that it never saw. Of the former is the first half of
    the case's images, and of the latter the second, which is measured; without held-out images both are of `data`.
    draw: by default DDIM of the library, in twenty steps, or in as many as a student was trained for.

    Raises ValueError for images of another shape, and for more classes than the denoiser has.
    """
    shape, classes = getattr(denoise, "shape", None), getattr(denoise, "classes", None)
    if shape is not None and tuple(shape) != data.shape:
        raise ValueError(f"the network draws {list(shape)}, and the images are {list(data.shape)}: give those it knows")
    if classes is not None and len(data.classes) > classes:
        raise ValueError(f"the network has {classes} classes, and the images have {len(data.classes)}")
    half = min(MOST, len(data)) if held_out is None else min(MOST // 2, len(data), len(held_out))
    chosen = [_some(part, half, seed) for part in (data, held_out) if part is not None]
    images, labels = (torch.cat(parts) for parts in zip(*chosen, strict=True))
    steps = len(getattr(denoise, "times", None) or range(20))
    return Case(denoise, images, labels if classes is not None else None, draw or drawn_with(Settings("ddim", steps)))


def _some(data: Data, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """So many images of a data set, in a random order that the seed decides, and their labels."""
    return data.batch(torch.randperm(len(data), generator=torch.Generator().manual_seed(seed))[:count])


@dataclass(frozen=True)
class Case:
    """Everything between data and samples, as its owner uses it.

    denoise      denoise(x, t, condition) -> Estimate, with its path: `Denoiser(network, path, predicts, ...)`
    images       clean samples [N, ...] as the training loop sees them. What is fitted is fitted to their first half,
                 and measured is the second: put held-out images there, if there are any
    conditions   labels or other conditions [N, ...], one for each image, or None
    draw         how samples are drawn; it is also given exact denoisers, to see whether it is right
    in_training  the denoiser as the training loop evaluates it, where that is another one
    """

    denoise: Any
    images: Tensor
    conditions: Tensor | None = None
    draw: Draw = field(default_factory=lambda: drawn_with(Settings()))
    in_training: Any = None

    def __post_init__(self) -> None:
        check_denoiser(self.denoise)
        check_value("the denoiser's path", getattr(self.denoise, "path", None), Path)
        check_value("images", self.images, Tensor)
        if len(self.images) < 2:
            raise ValueError(f"images are a tensor [N, ...] of two at least; got {list(self.images.shape)}")
        if self.conditions is not None and len(self.conditions) != len(self.images):
            raise ValueError(f"{len(self.conditions)} conditions for {len(self.images)} images: give one for each")

    def conditions_for(self, count: int) -> Tensor | None:
        """The conditions of `count` samples: those of the images, in turn."""
        return None if self.conditions is None else self.conditions[torch.arange(count) % len(self.conditions)]

    def samples(self, count: int = 16, seed: int = 0, fresh: int | None = None) -> list[State]:
        """The run that its owner would see: every state, from x_T on.

        fresh: the seed of the noise that is drawn on the way, if it is to be another one than x_T's.
        """
        generator = torch.Generator().manual_seed(seed)
        path = self.denoise.path
        x = path.prior((count, *self.images.shape[1:]), generator)
        generator = generator if fresh is None else torch.Generator().manual_seed(fresh)
        with torch.no_grad():
            run = list(self.draw(self.denoise, x, self.conditions_for(count), generator))
        return [State(path.T, x, None), *run]
