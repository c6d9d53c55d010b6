"""All quality figures by name, each with its spread and with the floor that real images reach.

    scores = evaluate(["frechet", "recall"], generated, train, held_out)
    scores["frechet"]      # Score(value, spread, floor, floor_spread, n)

A number without these says little. The *floor* is what held-out real images score against the same reference at the
same sample count: a perfect model would score it too. For adherence it is a ceiling. The *spread* is the standard
error of the value: how much it would move if the samples were drawn again.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from uncertainties import UFloat

from diffusion_lessons.metrics.adherence import adherence, diversity
from diffusion_lessons.metrics.errors import measured, shared
from diffusion_lessons.metrics.frechet import check_features, frechet_distance, moments
from diffusion_lessons.metrics.kernel_distance import kernel_distance
from diffusion_lessons.metrics.precision_recall import density_coverage, precision_recall

DRAWS = 20  # subsets from which a spread or a floor is estimated
Floors = dict[tuple[str, int, int, int], Tensor]  # a metric's floors by its name, the count, draws and seed


class Features(NamedTuple):
    """What metrics use of images: features [n, d], labels asked for (or true) [n], and those a classifier predicts [n].

    `labels` and `predicted` are None where there are no classes.
    """

    features: Tensor
    labels: Tensor | None = None
    predicted: Tensor | None = None

    def rows(self, numbers: Tensor) -> "Features":
        """Those of the images with these row numbers only."""
        labels, predicted = (None if values is None else values[numbers.to(values.device)] for values in self[1:])
        return Features(self.features[numbers.to(self.features.device)], labels, predicted)


class Score(NamedTuple):
    """A quality figure, its standard error, and the same two for real images at the same count."""

    value: float
    spread: float
    floor: float
    floor_spread: float
    n: int

    @property
    def above_floor(self) -> UFloat:
        """value - floor, with the errors of both; scores at one count share their floor."""
        return measured(self.value, self.spread) - shared(self.floor, self.floor_spread, self.n)


@dataclass(frozen=True)
class Metric:
    """function(real, generated) -> float, and how to read it."""

    title: str
    better: str  # "low" or "high"
    function: Callable[[Features, Features], float]
    equal_counts: bool = False  # the reference is cut to as many images as there are samples


METRICS: dict[str, Metric] = {
    "frechet": Metric("Frechet distance", "low", lambda real, fake: frechet_distance(real.features, fake.features)),
    "kernel": Metric("kernel distance", "low", lambda real, fake: kernel_distance(real.features, fake.features), True),
    "precision": Metric(
        "precision", "high", lambda real, fake: precision_recall(real.features, fake.features).precision, True
    ),
    "recall": Metric("recall", "high", lambda real, fake: precision_recall(real.features, fake.features).recall, True),
    "density": Metric(
        "density", "high", lambda real, fake: density_coverage(real.features, fake.features).density, True
    ),
    "coverage": Metric(
        "coverage", "high", lambda real, fake: density_coverage(real.features, fake.features).coverage, True
    ),
    "adherence": Metric("adherence", "high", lambda real, fake: _adherence(fake)),
    "diversity": Metric("diversity / real", "high", lambda real, fake: _diversity(fake) / _diversity(real), True),
}


def metric_named(name: str) -> Metric:
    """The metric of this name."""
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; the metrics are {', '.join(METRICS)}")
    return METRICS[name]


def evaluate(
    names: Iterable[str],
    generated: Features,
    train: Features,
    held_out: Features,
    *,
    draws: int = DRAWS,
    seed: int = 0,
    floors: Floors | None = None,
) -> dict[str, Score]:
    """Every named metric of generated samples against real ones, with spread and floor.

    `train` is the reference; `held_out` real images stand in for a perfect model, so there must be at least as many
    of them as samples. `floors` keeps what these score for later samples that are compared with the same images:
    that is most of the work. Raises ValueError for an unknown metric, NaN, too few samples or too few held-out images.
    """
    metrics = {name: metric_named(name) for name in names}
    n, d = check_features(generated.features).shape
    if "frechet" in metrics and n < 2 * (d + 1):
        raise ValueError(
            f"{n} samples in {d} features: the spread of the Frechet distance is taken from halves of them, and fewer "
            f"than {d + 1} have a singular covariance. Draw at least {2 * (d + 1)} samples, or use the kernel distance"
        )
    if len(held_out.features) < n:
        raise ValueError(
            f"the floor of {n} samples needs as many held-out real images, and there are {len(held_out.features)}: "
            f"compare at most {len(held_out.features)} samples"
        )
    scores, floors = {}, {} if floors is None else floors
    for name, metric in metrics.items():
        generator = torch.Generator().manual_seed(seed)  # the same subsets for every metric
        real = train.rows(subset(len(train.features), n, generator)) if metric.equal_counts else train
        score = _against(metric, name, real)
        if (key := (name, n, draws, seed)) not in floors:
            subsets = [subset(len(held_out.features), n, generator) for _ in range(draws)]
            floors[key] = torch.tensor([score(held_out.rows(rows)) for rows in subsets])
        floor = floors[key]
        halves = torch.Generator().manual_seed(seed)
        scores[name] = Score(
            value=score(generated),
            spread=standard_error(partial(_of_rows, score, generated), n, draws, halves),
            floor=float(floor.mean()),
            floor_spread=float(floor.std()),
            n=n,
        )
    return scores


def standard_error(statistic: Callable[[Tensor], float], n: int, draws: int, generator: torch.Generator) -> float:
    """How much a statistic of n samples would move if they were drawn again.

    The standard deviation of the statistic over random halves of the samples. A half varies as sqrt(2) times the whole
    would, and halves of one set share so much that they differ by 1 / sqrt(2) of that: the two cancel. Unlike a
    bootstrap no sample is repeated, so distances that are biased by few samples or by duplicates are not disturbed.
    Near its floor a distance is the square of something small and varies as 1 / n: there the halves vary more than the
    rule allows for, and the standard error comes out up to twice too large.
    `statistic` is called with the row numbers of a half.
    """
    values = torch.tensor([statistic(subset(n, n // 2, generator)) for _ in range(draws)], dtype=torch.float64)
    return float(values.std())


def subset(n: int, size: int, generator: torch.Generator) -> Tensor:
    """`size` different row numbers out of n."""
    return torch.randperm(n, generator=generator)[:size]


def _against(metric: Metric, name: str, real: Features) -> Callable[[Features], float]:
    """The metric as a function of the samples alone; what depends on the reference only is computed once."""
    if name == "frechet":
        reference = moments(real.features)
        return lambda fake: frechet_distance(reference, fake.features)
    if metric.equal_counts:  # a half of the samples is compared with a half of the reference
        return lambda fake: metric.function(real.rows(torch.arange(len(fake.features))), fake)
    return lambda fake: metric.function(real, fake)


def _of_rows(score: Callable[[Features], float], samples: Features, rows: Tensor) -> float:
    return score(samples.rows(rows))


def _adherence(fake: Features) -> float:
    if fake.labels is None or fake.predicted is None:
        raise ValueError("adherence needs the labels that were asked for, and those that a classifier predicts")
    return adherence(fake.predicted, fake.labels)


def _diversity(images: Features) -> float:
    if images.labels is None:
        raise ValueError("diversity is taken within each class: give labels")
    return diversity(images.features, images.labels)
