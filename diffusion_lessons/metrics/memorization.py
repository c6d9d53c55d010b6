"""Did it learn, or does it repeat? The nearest training image of each sample against its nearest held-out image.

A model that has learned the distribution is as far from the images that it trained on as from images that it never saw.
One that repeats its training set lies on it. For each sample

    ratio = distance to the nearest training image / distance to the nearest held-out image

from sets of equal size, since more images are nearer. A ratio of 1 is healthy; a *copy* is a sample whose ratio is
below 1/2. Real images are compared with the same two sets, because some are near a training image by chance, and the
verdict is about the difference.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features
from diffusion_lessons.metrics.intervals import wilson_interval

COPY = 0.5  # a sample at most half as far from the training set as from the held-out set is a copy


@dataclass(frozen=True)
class Probe:
    """The result of `memorization_probe`.

    ratio, nearest    of each sample [n]: the ratio of distances, and the number of its nearest training image
    copied            share of samples that are copies, with its 95 % interval
    by_chance         the share among real held-out images, with its interval
    closer            share of samples nearer to the training set than to the held-out set; 1/2 if nothing is repeated
    memorised         the verdict: more copies than chance gives, beyond both intervals
    """

    ratio: Tensor
    nearest: Tensor
    copied: float
    interval: tuple[float, float]
    by_chance: float
    chance_interval: tuple[float, float]
    closer: float

    @property
    def memorised(self) -> bool:
        return self.interval[0] > self.chance_interval[1]

    def __str__(self) -> str:
        low, high = self.interval
        verdict = "repeats training images" if self.memorised else "no more copies than among real images"
        return f"{self.copied:.1%} copies [{low:.1%}, {high:.1%}], real images {self.by_chance:.1%}: {verdict}"


def memorization_probe(samples: Tensor, train: Tensor, held_out: Tensor, *, seed: int = 0) -> Probe:
    """Look for training images among samples: all [n, ...], pixels or features, in one scale.

    The held-out images are split at random: one half, and as many training images, are what the samples are
    compared with; the other half shows what chance gives. Raises ValueError for sets of different shapes, for fewer
    than 2 held-out images or fewer training images than half of them, and for NaN.
    """
    samples, train, held_out = (images.flatten(1).float() for images in (samples, train, held_out))
    half = len(held_out) // 2
    if half < 1 or len(train) < half:
        raise ValueError(
            f"{len(train)} training and {len(held_out)} held-out images: give at least 2 held-out images, and at "
            "least half as many training images"
        )
    if not samples.shape[1] == train.shape[1] == held_out.shape[1]:
        raise ValueError("samples, training and held-out images differ in shape: compare like with like")
    for images in (samples, train, held_out):
        check_features(images)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(held_out), generator=generator)
    unseen, real = held_out[order[:half]], held_out[order[half:]]
    rows = torch.randperm(len(train), generator=generator)[:half]
    ratio, nearest = _ratio(samples, train[rows], unseen)
    chance, _ = _ratio(real, train[rows], unseen)
    copies, by_chance = int((ratio < COPY).sum()), int((chance < COPY).sum())
    return Probe(
        ratio=ratio,
        nearest=rows[nearest],
        copied=copies / len(samples),
        interval=wilson_interval(copies, len(samples)),
        by_chance=by_chance / len(real),
        chance_interval=wilson_interval(by_chance, len(real)),
        closer=float((ratio < 1).double().mean()),
    )


def _ratio(samples: Tensor, train: Tensor, unseen: Tensor) -> tuple[Tensor, Tensor]:
    """The ratio of distances [n] and the number of the nearest training image [n]."""
    to_train, nearest = torch.cdist(samples, train).min(dim=1)
    to_unseen = torch.cdist(samples, unseen).min(dim=1).values
    return to_train / to_unseen.clamp(min=torch.finfo(to_unseen.dtype).tiny), nearest
