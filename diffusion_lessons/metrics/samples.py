"""What metrics use of images: features with labels, and the moments of a whole data set of which these are a part."""

from collections.abc import Mapping
from typing import NamedTuple, Self

import torch
from torch import Tensor

from diffusion_lessons.metrics.adherence import class_variance
from diffusion_lessons.metrics.frechet import Moments, moments


class Population(NamedTuple):
    """All training images in a few numbers: what distances are measured from, whatever the single features kept.

    mean, covariance  of their features [d] and [d, d], in double precision
    counts            images of each class [classes], or None where there are no classes
    class_means       [classes, d], or None
    """

    mean: Tensor
    covariance: Tensor
    counts: Tensor | None = None
    class_means: Tensor | None = None

    @property
    def moments(self) -> Moments:
        return Moments(self.mean, self.covariance)

    def tensors(self) -> dict[str, Tensor]:
        """What is known of it by name, as it is stored: numbers in single precision."""
        parts = {name: part for name, part in self._asdict().items() if part is not None}
        return {name: part.float() if part.is_floating_point() else part for name, part in parts.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], prefix: str = "") -> Self:
        """What `tensors` gave of a set with classes, read from a file in which each name begins with `prefix`."""
        stored = (tensors[f"{prefix}{name}"] for name in cls._fields)
        return cls(*(part.double() if part.is_floating_point() else part for part in stored))

    @property
    def class_variance(self) -> float:
        """The trace of the pooled covariance within classes: what all vary less what the classes' means vary."""
        if self.counts is None or self.class_means is None:
            raise ValueError("a set without classes has no variance within them")
        n, some = int(self.counts.sum()), self.counts > 0
        between = (self.counts.double()[:, None] * (self.class_means - self.mean).square())[some].sum()
        return float((self.covariance.trace() * (n - 1) - between) / (n - int(some.sum())))


class Features(NamedTuple):
    """What metrics use of images.

    features   [n, d]
    labels     asked for (or true) [n], None where there are no classes
    predicted  labels that a classifier gives them [n], or None
    values     of each sample [n, 3]: mean excess beyond the data range, mean and mean square of its pixels; or None
    whole      of real images: the whole set that these are a part of, or None if they are all there is
    """

    features: Tensor
    labels: Tensor | None = None
    predicted: Tensor | None = None
    values: Tensor | None = None
    whole: Population | None = None

    def rows(self, numbers: Tensor) -> "Features":
        """Those of the images with these row numbers only; the whole set stays the same."""
        labels, predicted, values = (None if part is None else part[numbers.to(part.device)] for part in self[1:4])
        return Features(self.features[numbers.to(self.features.device)], labels, predicted, values, self.whole)

    @property
    def moments(self) -> Moments:
        """Those of the whole set, or of these images."""
        return self.whole.moments if self.whole else moments(self.features)

    @property
    def counts(self) -> Tensor | None:
        """Images of each class in the whole set, or among these; None where there are no classes."""
        if self.labels is None:
            return None
        return self.whole.counts if self.whole else self.labels.cpu().long().bincount()

    @property
    def class_variance(self) -> float:
        """The variance within classes of the whole set, or of these images."""
        if self.labels is None:
            raise ValueError("the variance is taken within each class: give labels")
        return self.whole.class_variance if self.whole else class_variance(self.features, self.labels)


def population(features: Tensor, labels: Tensor | None = None, classes: int | None = None) -> Population:
    """The moments of all images of a set: features [N, d], and with labels [N] its classes' counts and means."""
    whole = moments(features)
    if labels is None:
        return Population(*whole)
    labels = labels.cpu().long()
    counts = labels.bincount(minlength=classes or 0)
    sums = torch.zeros(len(counts), features.shape[1], dtype=torch.float64)
    sums.index_add_(0, labels, features.cpu().double())
    return Population(*whole, counts, sums / counts.clamp(min=1)[:, None])


def values_of(x: Tensor) -> Tensor:
    """Three numbers of each sample [n, ...], float32 [n, 3]: mean excess beyond [-1, 1], mean, and mean square."""
    x = x.flatten(1).cpu().double()
    return torch.stack([(x.abs() - 1).clamp(min=0).mean(1), x.mean(1), x.square().mean(1)], dim=1).float()
