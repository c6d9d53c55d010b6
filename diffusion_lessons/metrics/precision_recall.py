"""Precision and recall, density and coverage: is every sample realistic, and is everything real found?

One distance cannot tell a model that invents from one that forgets. These four draw a ball around each point of a set,
as wide as the distance to its k-th neighbour in that set, and count the points inside it.

    precision  share of generated samples in some ball of the real ones     falls when samples are unrealistic
    recall     share of real samples in some ball of the generated ones     falls when modes are missing
    density    how many real balls hold a generated sample, over k          as precision, not fooled by one outlier
    coverage   share of real balls that hold a generated sample             as recall, not fooled by one outlier

Kynkäänniemi et al. 2019 (k = 3); Naeem et al. 2020 (k = 5). All depend on the sample counts: use equal ones.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.metrics.frechet import check_features


class PrecisionRecall(NamedTuple):
    """Both between 0 and 1; real against real is near 1, but not 1: see the floor."""

    precision: float
    recall: float


class DensityCoverage(NamedTuple):
    """Density can exceed 1; coverage lies between 0 and 1."""

    density: float
    coverage: float


def precision_recall(real: Tensor, generated: Tensor, k: int = 3) -> PrecisionRecall:
    """Precision and recall of generated features [n, d] against real ones [n, d]."""
    _check_counts(real, generated)
    ones = torch.ones(len(generated), 1, dtype=torch.float64)
    return PrecisionRecall(*(float(values) for values in precision_recall_weighted(real, generated, ones, k)))


def density_coverage(real: Tensor, generated: Tensor, k: int = 5) -> DensityCoverage:
    """Density and coverage of generated features [n, d] against real ones [n, d]."""
    _check_counts(real, generated)
    ones = torch.ones(len(generated), 1, dtype=torch.float64)
    return DensityCoverage(*(float(values) for values in density_coverage_weighted(real, generated, ones, k)))


def precision_recall_weighted(real: Tensor, generated: Tensor, weights: Tensor, k: int = 3) -> tuple[Tensor, Tensor]:
    """Both under each column of weights [n, R] of the generated samples; [R] each.

    A weight of 0 leaves a sample out, and its ball with it. The balls of the others stay as wide as among all of them:
    so that leaving out tells by how much recall varies, not how recall changes with fewer samples.
    """
    across = _distances(real, generated, k)  # [real, generated]
    precise = (across <= radii(real, k)[:, None]).any(dim=0)
    in_fake = (across <= radii(generated, k)[None, :]).double()
    recalls = (in_fake @ (weights > 0).double() > 0).double().mean(dim=0)
    return weights.T @ precise.double() / weights.sum(dim=0), recalls


def density_coverage_weighted(real: Tensor, generated: Tensor, weights: Tensor, k: int = 5) -> tuple[Tensor, Tensor]:
    """Both under each column of weights [n, R] of the generated samples; [R] each."""
    in_real = (_distances(real, generated, k) <= radii(real, k)[:, None]).double()
    density = weights.T @ in_real.sum(dim=0) / k / weights.sum(dim=0)
    return density, (in_real @ (weights > 0).double() > 0).double().mean(dim=0)


def covering_balls(real: Tensor, generated: Tensor, k: int = 3) -> Tensor:
    """How many balls around generated samples hold each real one, [n]: recall is the share that is above 0."""
    return (pairwise(real, generated) <= radii(generated, k)[None, :]).sum(dim=1)


def samples_in_balls(real: Tensor, generated: Tensor, k: int = 5) -> Tensor:
    """How many generated samples the ball around each real one holds, [n]: coverage is the share that is above 0."""
    return (pairwise(real, generated) <= radii(real, k)[:, None]).sum(dim=1)


def radii(features: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest neighbour among the others, [n]."""
    return pairwise(features, features).kthvalue(k + 1, dim=1).values  # the nearest of all is the point itself


def pairwise(first: Tensor, second: Tensor) -> Tensor:
    """Euclidean distances [n, m] of points [n, d] and [m, d], in double precision and about their common centre: far
    from 0 the usual shortcut by products loses the distances of near neighbours."""
    first, second = first.cpu().double(), second.cpu().double()
    centre = second.mean(dim=0)
    return torch.cdist(first - centre, second - centre)


def _distances(real: Tensor, generated: Tensor, k: int) -> Tensor:
    check_features(real), check_features(generated)
    if min(len(real), len(generated)) <= k:
        few = min(len(real), len(generated))
        raise ValueError(f"{few} samples have no {k}-th neighbour: give at least {k + 1}, better hundreds")
    return pairwise(real, generated)


def _check_counts(real: Tensor, generated: Tensor) -> None:
    if len(real) != len(generated):
        raise ValueError(
            f"{len(real)} real and {len(generated)} generated samples: the balls shrink as samples are added, so "
            "compare equal counts"
        )
