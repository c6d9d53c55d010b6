"""Precision and recall, density and coverage: is every sample realistic, and is everything real found?

One distance cannot tell a model that invents from one that forgets. These four draw a ball around each point of a set,
as wide as the distance to its k-th neighbour in that set, and count the points inside it.

    precision  share of generated samples in some ball of the real ones     falls when samples are unrealistic
    recall     share of real samples in some ball of the generated ones     falls when modes are missing
    density    how many real balls hold a generated sample, over k          as precision, not fooled by one outlier
    coverage   share of real balls that hold a generated sample             as recall, not fooled by one outlier

Kynkaanniemi et al. 2019 (k = 3); Naeem et al. 2020 (k = 5). All depend on the sample counts: use equal ones.
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
    across = _distances(real, generated, k)  # [real, generated]
    in_real = across <= radii(real, k)[:, None]
    in_generated = across <= radii(generated, k)[None, :]
    return PrecisionRecall(_share(in_real.any(dim=0)), _share(in_generated.any(dim=1)))


def density_coverage(real: Tensor, generated: Tensor, k: int = 5) -> DensityCoverage:
    """Density and coverage of generated features [n, d] against real ones [n, d]."""
    in_real = _distances(real, generated, k) <= radii(real, k)[:, None]
    return DensityCoverage(float(in_real.sum(dim=0).double().mean() / k), _share(in_real.any(dim=1)))


def radii(features: Tensor, k: int) -> Tensor:
    """Distance of each point to its k-th nearest neighbour among the others, [n]."""
    return torch.cdist(features, features).kthvalue(k + 1, dim=1).values  # the nearest of all is the point itself


def _distances(real: Tensor, generated: Tensor, k: int) -> Tensor:
    check_features(real), check_features(generated)
    if len(real) != len(generated):
        raise ValueError(
            f"{len(real)} real and {len(generated)} generated samples: the balls shrink as samples are added, so "
            "compare equal counts"
        )
    if len(real) <= k:
        raise ValueError(f"{len(real)} samples have no {k}-th neighbour: give at least {k + 1}, better hundreds")
    return torch.cdist(real, generated)


def _share(hits: Tensor) -> float:
    return float(hits.double().mean())
