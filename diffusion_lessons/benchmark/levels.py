"""At which noise level is a network wrong? Real images are noised to a level and denoised from there.

    x_t = alpha x_0 + sigma eps  with  sigma / alpha = L,   then the sampler's steps from t to 0

A perfect network returns images as good as those that went in, whatever the level: its Fréchet distance does not rise
above that of the same images untouched, and the variance within classes stays 1. Where the distance begins to rise with
L, the network is wrong at that level: small levels decide about strokes and edges, large ones about the shape of the
whole. Samples drawn from pure noise go through all levels and hide which of them is at fault.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from uncertainties import UFloat

from diffusion_lessons import samplers
from diffusion_lessons.benchmark.measure import fingerprint, quality_of
from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.clipping import clip
from diffusion_lessons.denoisers.conditions import condition_on
from diffusion_lessons.machine.description import describe
from diffusion_lessons.machine.files import read_json, write_atomically
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.intervals import Interval, interval
from diffusion_lessons.metrics.proportions import draws_like
from diffusion_lessons.metrics.scores import Score, scores_from_json
from diffusion_lessons.samplers.base import last_x
from diffusion_lessons.sampling import device_of, is_latent

LEVELS = (0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 15.0)
METRICS = ("frechet", "variance", "adherence")
STEPS = 10
MARGIN = 0.25  # of the distance of the untouched images: a rise below it is no fault


class Level(NamedTuple):
    """What became of real images that were noised to this level and denoised."""

    level: float
    scores: dict[str, Score]
    untouched: dict[str, Score]  # of the same images, never noised

    def rise(self, metric: str = "frechet") -> UFloat:
        """The figure less that of the same images untouched, paired."""
        return self.scores[metric].number - self.untouched[metric].number

    @property
    def faulty(self) -> bool:
        """Whether the distance has surely risen by more than MARGIN of that of the untouched images."""
        return interval(self.rise()).low > MARGIN * self.untouched["frechet"].value

    def __str__(self) -> str:
        rise, variance = interval(self.rise()), self.scores["variance"].value / self.untouched["variance"].value
        adherence = self.scores["adherence"].value
        return f"level {self.level:<5g} Fréchet {_signed(rise)}  variance x{variance:.2f}  adherence {adherence:.1%}"


def by_level(
    denoise: Any,
    evaluator: Evaluator,
    data: Data,
    levels: Iterable[float] = LEVELS,
    *,
    samples: int = 500,
    steps: int = STEPS,
    batch: int = 100,
    seed: int = 0,
) -> list[Level]:
    """Noise real images to each level, denoise them by DPM-Solver++(2M), and measure them.

    steps: of a run from pure noise; from a lower level there are as many as it would have left, at least one. (Many
        tiny steps at a low level would repeat the network's small errors there more often than any sampler does.)

    data: real images that the network did not train on; as many of them as `samples`, or all, are used, the same at
    every level and with the same noise. Raises ValueError for a level that the path does not reach, and for a network
    without classes, whose images cannot be told apart within them.
    """
    levels = sorted(levels)
    if denoise.classes is None or evaluator.train.counts is None:
        raise ValueError("levels are compared within classes: give a network and an evaluator that know them")
    times = [denoise.path.t_of_lam(-torch.tensor(level, dtype=torch.float64).log().item()) for level in levels]
    for level, t in zip(levels, times, strict=True):
        if not math.isclose(math.exp(-float(denoise.path.lam(float(t)))), level, rel_tol=0.01):
            raise ValueError(f"the path does not reach noise level {level:g}")
    generator = torch.Generator().manual_seed(seed)
    rows = draws_like(data.labels, evaluator.train.counts, min(samples, len(data)), generator, most=1)[0]
    x0, labels = data.batch(rows)
    noise = torch.randn(x0.shape, generator=generator)
    untouched = quality_of(evaluator.features_of(x0, labels), evaluator, METRICS, seed)
    found = []
    for level, t in zip(levels, times, strict=True):
        x = denoised_from(denoise, x0, labels, noise, float(t), steps=steps, batch=batch)
        scores = quality_of(evaluator.features_of(x, labels), evaluator, METRICS, seed)
        found.append(Level(level, scores, untouched))
    return found


def denoised_from(
    denoise: Any, x0: Tensor, labels: Tensor | None, noise: Tensor, t: float, *, steps: int = STEPS, batch: int = 100
) -> Tensor:
    """Images [n, ...] noised to time t with this noise, denoised in even steps to 0, none longer than T / steps.

    labels: those of the images, or other conditions [n, ...], or None for none. Latents are not clipped.
    """
    path, device = denoise.path, device_of(denoise)
    own = max(math.ceil(t / path.T * steps - 1e-9), 1)
    times = tuple(t * (1 - k / own) for k in range(own + 1))
    parts = []
    for first in range(0, len(x0), batch):
        clean, eps = x0[first : first + batch], noise[first : first + batch]
        x = (float(path.alpha(t)) * clean + float(path.sigma(t)) * eps).to(device)
        told = denoise if labels is None else condition_on(denoise, labels[first : first + batch].to(device))
        plain = told if is_latent(denoise) else clip(told, 1.0)
        parts.append(last_x(samplers.dpm_solver_pp_2m(plain, x, path, times)).cpu())
    return torch.cat(parts)


def write_levels(file: Path, levels: Sequence[Level], denoise: Any, seed: int = 0) -> None:
    """Keep what `by_level` found of a network, with its hash and where it was measured, as JSON."""
    content = {
        "checkpoint_sha256": fingerprint(denoise),
        "seed": seed,
        "untouched": {name: score._asdict() for name, score in levels[0].untouched.items()},
        "levels": [{"level": one.level, **{name: s._asdict() for name, s in one.scores.items()}} for one in levels],
        "where": describe(device_of(denoise)),
    }
    write_atomically(file, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read_levels(file: Path, checkpoint_sha256: str) -> list[Level]:
    """What `write_levels` kept. Raises ValueError for a damaged file, and for one of another checkpoint."""
    content = read_json(file)
    try:
        measured_on, levels = content["checkpoint_sha256"], [dict(one) for one in content["levels"]]
        untouched = scores_from_json(content["untouched"])
        found = [Level(float(one.pop("level")), scores_from_json(one), untouched) for one in levels]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{file} does not hold what a network does at each noise level ({error}): make it again"
        ) from error
    if measured_on != checkpoint_sha256:
        raise ValueError(
            f"{file} was measured on checkpoint {measured_on[:12]}, and this one is {checkpoint_sha256[:12]}: make it "
            "again"
        )
    return found


def first_fault(levels: Sequence[Level]) -> Level | None:
    """The lowest level from which on all are faulty, or None."""
    first = None
    for level in reversed(levels):
        if not level.faulty:
            break
        first = level
    return first


def _signed(rise: Interval) -> str:
    return f"{rise.value:+.3f} [{rise.low:+.3f}, {rise.high:+.3f}]"
