"""Did it learn, or does it repeat? The nearest training image of each sample against its nearest held-out image.

A model that has learned the distribution is as far from the images that it trained on as new real images are. One that
repeats its training set lies on it. For each sample

    ratio = distance to the nearest of all training images / distance to the nearest held-out image

and the same for real images that nobody trained on, whose ratio is typically somewhat below 1 because there are more
training images than held-out ones. A *copy* is a sample whose ratio is below half of what is typical of real images;
some of these are copies too, by chance, and the verdict is about the difference.

The whole training set is searched, because a probe that looks at a sixth of it misses five copies of six. For large
sets an `Index` of it ships: sixteen numbers of one byte for each image.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from scipy import stats
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features
from diffusion_lessons.metrics.intervals import wilson_interval

COPY = 0.5  # a sample whose ratio is at most half of that which is typical of real images is a copy
POWER = 0.95  # chance of a verdict with which `Probe.detectable` is caught
NUMBERS = 16  # that an index keeps of each image
EXAMPLES = 500  # training images by which an index is tried
PART = 1000  # samples whose distances are held at a time


class Index(NamedTuple):
    """A training set in few bytes: its features along their main axes, in steps of 1/127 of the largest value.

    codes     [N, 16] int8
    scale     of a step of each number [16]
    axes      [d, 16], and the mean [d] that is taken off first
    examples  [500, 16] some images before rounding: how surely a copy is recognised
    """

    codes: Tensor
    scale: Tensor
    axes: Tensor
    mean: Tensor
    examples: Tensor

    def along_axes(self, features: Tensor) -> Tensor:
        """Features [n, d] as the index sees them, [n, 16]."""
        return (features.float().cpu() - self.mean) @ self.axes

    @property
    def points(self) -> Tensor:
        """The training images, [N, 16]."""
        return self.codes.float() * self.scale


def index_of(features: Tensor, numbers: int = NUMBERS, seed: int = 0) -> Index:
    """The index of a training set's features [N, d]."""
    features = check_features(features).cpu().double()
    mean = features.mean(dim=0)
    axes = torch.linalg.eigh((features - mean).T @ (features - mean)).eigenvectors.flip(1)[:, :numbers]
    along = ((features - mean) @ axes).float()
    scale = along.abs().amax(dim=0).clamp(min=1e-12) / 127
    chosen = torch.randperm(len(features), generator=torch.Generator().manual_seed(seed))[:EXAMPLES]
    codes = (along / scale).round().to(torch.int8)
    return Index(codes, scale, axes.float().contiguous(), mean.float(), along[chosen])


@dataclass(frozen=True)
class Probe:
    """The result of `memorization_probe`.

    ratio, nearest    of each sample [n]: the ratio of distances, and the number of its nearest training image
    copied            share of samples that are copies, with its 95 % interval
    by_chance         the share among real held-out images, with its interval
    closer            share of samples nearer to the training set than is typical; 1/2 if nothing is repeated
    recognised        share of true copies that the probe takes for copies
    detectable        the smallest share of copies that so many samples give away in 95 of 100 trials
    memorised         the verdict: more copies than chance gives, beyond both intervals
    """

    ratio: Tensor
    nearest: Tensor
    copied: float
    interval: tuple[float, float]
    by_chance: float
    chance_interval: tuple[float, float]
    closer: float
    recognised: float
    trained_on: int

    @property
    def memorised(self) -> bool:
        return self.interval[0] > self.chance_interval[1]

    @property
    def detectable(self) -> float:
        n = len(self.ratio)
        needed = next((k for k in range(n + 1) if wilson_interval(k, n)[0] > self.chance_interval[1]), None)
        if needed is None or self.recognised <= self.by_chance:
            return 1.0
        share = float(stats.beta.ppf(POWER, needed, n - needed + 1))  # of hits: P(at least `needed`) = 95 %
        return min(1.0, (share - self.by_chance) / (self.recognised - self.by_chance))

    def __str__(self) -> str:
        low, high = self.interval
        verdict = "repeats training images" if self.memorised else "no more copies than among real images"
        return (
            f"{self.copied:.1%} copies [{low:.1%}, {high:.1%}] of {self.trained_on:,} training images, real images "
            f"{self.by_chance:.1%}: {verdict} ({len(self.ratio)} samples would have given away {self.detectable:.1%})"
        )


def memorization_probe(samples: Tensor, train: Tensor | Index, held_out: Tensor, *, seed: int = 0) -> Probe:
    """Look for training images among samples: all [n, ...], pixels or features, in one scale.

    train: all training images, or an `Index` of their features, with which samples and held-out images are features.
    held_out: real images that the model did not train on, split at random: one half is the yardstick, the other shows
        what chance gives.

    Raises ValueError for sets of different shapes, for fewer than 4 held-out images, and for NaN.
    """
    if len(held_out) < 4:
        raise ValueError(f"{len(held_out)} held-out images: give at least 4, better hundreds")
    if isinstance(train, Index):
        samples, held_out = (train.along_axes(check_features(images)) for images in (samples, held_out))
        points, examples = train.points, train.examples
    else:
        samples, points, held_out = (images.flatten(1).float().cpu() for images in (samples, train, held_out))
        examples = points[:EXAMPLES]
    if not samples.shape[1] == points.shape[1] == held_out.shape[1]:
        raise ValueError("samples, training and held-out images differ in shape: compare like with like")
    for images in (samples, points, held_out):
        check_features(images)
    order = torch.randperm(len(held_out), generator=torch.Generator().manual_seed(seed))
    unseen, real = held_out[order[: len(order) // 2]], held_out[order[len(order) // 2 :]]
    ratio, nearest = _ratio(samples, points, unseen)
    chance, of_copies = (_ratio(images, points, unseen)[0] for images in (real, examples))
    typical = chance.median()
    copies, by_chance = int((ratio < COPY * typical).sum()), int((chance < COPY * typical).sum())
    return Probe(
        ratio=ratio,
        nearest=nearest,
        copied=copies / len(samples),
        interval=wilson_interval(copies, len(samples)),
        by_chance=by_chance / len(real),
        chance_interval=wilson_interval(by_chance, len(real)),
        closer=float((ratio < typical).cpu().double().mean()),
        recognised=float((of_copies < COPY * typical).cpu().double().mean()),
        trained_on=len(points),
    )


def _ratio(samples: Tensor, train: Tensor, unseen: Tensor) -> tuple[Tensor, Tensor]:
    """The ratio of distances [n] and the number of the nearest training image [n]."""
    ratios, numbers = [], []
    centre = train.mean(dim=0)  # far from 0 the distances of near neighbours would be lost
    train, unseen = train - centre, unseen - centre
    for part in (samples - centre).split(PART):
        to_train, nearest = torch.cdist(part, train).min(dim=1)
        to_unseen = torch.cdist(part, unseen).min(dim=1).values
        ratios.append(to_train / to_unseen.clamp(min=torch.finfo(to_unseen.dtype).tiny))
        numbers.append(nearest)
    return torch.cat(ratios), torch.cat(numbers)
