"""All quality figures by name, each with its standard error and with the floor that real images reach.

    scores = evaluate(["frechet", "recall"], generated, train, held_out)
    scores["frechet"]      # Score(value, spread, floor, floor_spread, n, replicates)

A number without these says little. The *floor* is what held-out real images score against the same reference at the
same sample count: a perfect model would score it too. For adherence it is a ceiling. The *spread* is the standard
error of the value: how much it would move if the samples were drawn again.

Samples that share starting noise and labels are compared *paired*: `first.number - second.number` has the error of the
difference, in which the luck that they share cancels.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import torch
from torch import Tensor
from uncertainties import UFloat
from uncertainties.core import Variable

from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.metrics import adherence as guided
from diffusion_lessons.metrics import precision_recall as balls
from diffusion_lessons.metrics.errors import measured, shared
from diffusion_lessons.metrics.frechet import check_features, frechet_weighted
from diffusion_lessons.metrics.intervals import Interval, interval, wilson_interval
from diffusion_lessons.metrics.jackknife import (
    coverage_excess,
    deviations,
    group_count,
    pairs_excess,
    shrunk,
    standard_error,
    weights_without_groups,
)
from diffusion_lessons.metrics.kernel_distance import kernel_weighted
from diffusion_lessons.metrics.proportions import draws_like
from diffusion_lessons.metrics.samples import Features

MOST_FEATURES = 256  # in more of them a distance takes seconds, and its error is not freed from what pairs add
DRAWS = 20  # disjoint sets of held-out images of which the floor is the mean, if there are so many
Floors = dict[tuple[str, int, int, int], tuple[float, float]]  # by a metric's name, the count, draws and seed


class Score(NamedTuple):
    """A quality figure and its standard error, and the same two for real images at the same count.

    replicates  the figure without each group of samples: what pairs it with that of other samples
    """

    value: float
    spread: float
    floor: float
    floor_spread: float
    n: int
    replicates: tuple[float, ...] = ()

    @property
    def number(self) -> UFloat:
        """The value as a number whose error is shared, group by group, with every other score of n samples.

        Differences, ratios and means of such numbers are those of paired samples. Raises ValueError for a score that
        was kept without its replicates, as in tables of older code: nothing says what it shares with others.
        """
        if not self.replicates:
            figure = f"{self.value:.3g} ± {self.spread:.2g} of {self.n} samples"
            raise ValueError(f"{figure} was kept without replicates, which pair it with other scores: measure it again")
        parts = deviations(torch.tensor(self.replicates, dtype=torch.float64)).tolist()
        return sum((part * one for part, one in zip(parts, _groups(self.n, len(parts)), strict=True)), self.value)

    @property
    def above_floor(self) -> UFloat:
        """value - floor, with the errors of both; scores at one count share their floor and are paired."""
        return self.number - shared(self.floor, self.floor_spread, self.n)


@cache
def _groups(n: int, count: int) -> tuple[Variable, ...]:
    """The luck of each group of n samples, in standard errors: one variable for all scores of n samples."""
    return tuple(measured(0.0, 1.0) for _ in range(count))


@dataclass(frozen=True)
class Metric:
    """function(real, samples, weights [n, R]) -> the figure under each column of weights [R], and how to read it."""

    title: str
    better: str  # "low" or "high"
    function: Callable[[Features, Features, Tensor], Tensor]
    equal_counts: bool = False  # the reference is cut to as many images as there are samples
    quadratic: bool = False  # depends on pairs of samples, which the error has to take off
    covering: Callable[[Tensor, Tensor], Tensor] | None = (
        None  # how many samples cover each real one, if it counts that
    )

    def __call__(self, real: Features, samples: Features) -> float:
        """The figure of these samples against these real images, as they are."""
        return float(self.function(real, samples, torch.ones(len(samples.features), 1, dtype=torch.float64)))

    def figures(self, real: Features, samples: Features, shares: Tensor | None = None) -> Tensor:
        """The figure of the samples, followed by that without each group, [1 + G]; their spread is the error's."""
        n, d = samples.features.shape
        pairs = self.quadratic and d <= MOST_FEATURES
        weights = weights_without_groups(samples.labels, n, shares, pairs)
        figures = self.function(real, samples, weights)
        whole, replicates = figures[:1], figures[1 : 1 + group_count(n)]
        if pairs:
            replicates = shrunk(replicates, pairs_excess(figures, len(replicates)))
        if self.covering is not None:
            replicates = shrunk(replicates, coverage_excess(self.covering(real.features, samples.features)))
        return torch.cat([whole, replicates])


def _precision_recall(part: int) -> Callable[[Features, Features, Tensor], Tensor]:
    return lambda real, fake, w: balls.precision_recall_weighted(real.features, fake.features, w)[part]


def _density_coverage(part: int) -> Callable[[Features, Features, Tensor], Tensor]:
    return lambda real, fake, w: balls.density_coverage_weighted(real.features, fake.features, w)[part]


def _frechet(real: Features, fake: Features, weights: Tensor) -> Tensor:
    return frechet_weighted(real.moments, fake.features, weights)


def _kernel(real: Features, fake: Features, weights: Tensor) -> Tensor:
    return kernel_weighted(real.features, fake.features, weights)


def _adherence(real: Features, fake: Features, weights: Tensor) -> Tensor:
    if fake.labels is None or fake.predicted is None:
        raise ValueError("adherence needs the labels that were asked for, and those that a classifier predicts")
    right = (fake.predicted.cpu() == fake.labels.cpu()).double()
    return weights.T @ right / weights.sum(dim=0)


def _diversity(real: Features, fake: Features, weights: Tensor) -> Tensor:
    if fake.labels is None or real.labels is None:
        raise ValueError("diversity is taken within each class: give labels")
    of_real = guided.diversity(real.features, real.labels)
    return guided.diversity_weighted(fake.features, fake.labels, weights) / of_real


def _variance(real: Features, fake: Features, weights: Tensor) -> Tensor:
    if fake.labels is None:
        raise ValueError("the variance is taken within each class: give labels")
    of_real = real.class_variance
    return guided.class_variance_weighted(fake.features, fake.labels, weights) / of_real


METRICS: dict[str, Metric] = {
    "frechet": Metric("Fréchet distance", "low", _frechet, quadratic=True),
    "kernel": Metric("kernel distance", "low", _kernel, True, quadratic=True),
    "precision": Metric("precision", "high", _precision_recall(0), True),
    "recall": Metric("recall", "high", _precision_recall(1), True, covering=balls.covering_balls),
    "density": Metric("density", "high", _density_coverage(0), True),
    "coverage": Metric("coverage", "high", _density_coverage(1), True, covering=balls.samples_in_balls),
    "adherence": Metric("adherence", "high", _adherence),
    "diversity": Metric("diversity / real", "high", _diversity, True),
    "variance": Metric("variance within classes / real", "high", _variance),
}
WITH_CLASSES = ("adherence", "diversity", "variance")


def scores_from_json(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Score]:
    """Scores by name, from what `Score._asdict` wrote of each; older files have no replicates."""
    return {name: Score(**{**one, "replicates": tuple(one.get("replicates", ()))}) for name, one in entries.items()}


def metric_named(name: str) -> Metric:
    """The metric of this name."""
    check_name("metric", name, METRICS)
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
    """Every named metric of generated samples against real ones, with its standard error and floor.

    `train` is the reference: distances are taken from the whole set (`train.whole`) where it is known, and the other
    figures from as many single images as there are samples. `held_out` real images stand in for a perfect model: the
    floor is their mean over disjoint draws in the proportions of the whole set, at most `draws`, and its spread the
    error of that mean. The samples' labels are taken as fixed: give them in these proportions (`Evaluator.labels`).
    `floors` keeps what held-out images score for later samples that are compared with the same images: that is most of
    the work. Raises ValueError for an unknown metric, NaN, too few samples or too few held-out images.
    """
    metrics = {name: metric_named(name) for name in names}
    n, d = check_features(generated.features).shape
    if "frechet" in metrics and n < 2 * (d + 1):
        raise ValueError(
            f"{n} samples in {d} features: the error of the Fréchet distance is found without some of them, and fewer "
            f"than {d + 1} have a singular covariance. Draw at least {2 * (d + 1)} samples, or use the kernel distance"
        )
    if len(held_out.features) < n:
        raise ValueError(
            f"the floor of {n} samples needs as many held-out real images, and there are {len(held_out.features)}: "
            f"compare at most {len(held_out.features)} samples"
        )
    floors = {} if floors is None else floors
    counts = train.counts
    scores = {}
    for name, metric in metrics.items():
        generator = torch.Generator().manual_seed(seed)  # the same images for every metric
        real = train.rows(_reference_rows(train, counts, n, generator)) if metric.equal_counts else train
        if (key := (name, n, draws, seed)) not in floors:
            subsets = draws_like(*_strata(held_out, counts), n, generator, draws)
            floors[key] = _floor([held_out.rows(rows) for rows in subsets], metric, real, counts)
        scores[name] = score_of(metric.figures(real, generated), floors[key], n)
    return scores


def evaluate_values(samples: Features, real_std: float | None) -> dict[str, Score]:
    """Two figures of the pixels themselves: `excess` beyond the data range (floor 0), and `contrast` (real images: 1).

    None of them where the pixels' values were not kept, no contrast without the standard deviation of real ones.
    """
    if samples.values is None:
        return {}
    weights, n = weights_without_groups(samples.labels, len(samples.values)), len(samples.values)
    excess, mean, square = (weights / weights.sum(dim=0)).T.matmul(samples.values.cpu().double()).T
    scores = {"excess": score_of(excess, (0.0, 0.0), n)}
    if real_std:
        scores["contrast"] = score_of((square - mean.square()).clamp(min=0).sqrt() / real_std, (1.0, 0.0), n)
    return scores


def score_of(figures: Tensor, floor: tuple[float, float], n: int) -> Score:
    """The figure of all samples, followed by those without each group, as a score."""
    value, *replicates = figures.tolist()
    kept = tuple(float(f"{one:.9g}") for one in replicates)  # as a table keeps them
    return Score(value, standard_error(torch.tensor(kept, dtype=torch.float64)), *floor, n, kept)


def interval_of(name: str, score: Score) -> Interval:
    """The 95 % interval of a score: Wilson's for adherence, a share that may be 1; Student's t for all others."""
    if name == "adherence":
        return Interval(score.value, *wilson_interval(round(score.value * score.n), score.n))
    return interval(score.number, freedom=max(len(score.replicates) - 1, 1))


def _floor(draws: list[Features], metric: Metric, real: Features, counts: Tensor | None) -> tuple[float, float]:
    """The mean of a figure over disjoint draws of held-out images, and the standard error of that mean.

    The error is pooled from the jackknife of each draw: with two or three of them their own spread would say little.
    """
    values, variances = [], []
    for draw in draws:
        figures = metric.figures(real, draw, counts if draw.labels is not None else None)
        values.append(figures[0])
        variances.append(standard_error(figures[1:]) ** 2)
    return float(torch.stack(values).mean()), (sum(variances) / len(draws) ** 2) ** 0.5


def _strata(images: Features, counts: Tensor | None) -> tuple[Tensor, Tensor]:
    """Labels of images [n], and the counts of the classes whose proportions are to be kept; one class if none."""
    if images.labels is None or counts is None:
        return torch.zeros(len(images.features), dtype=torch.int64), torch.tensor([1])
    return images.labels.cpu().long(), counts


def _reference_rows(train: Features, counts: Tensor | None, n: int, generator: torch.Generator) -> Tensor:
    """Rows of n training images, or of all if there are fewer, in the proportions of the whole set."""
    return draws_like(*_strata(train, counts), min(n, len(train.features)), generator, 1)[0]


def subset(n: int, size: int, generator: torch.Generator) -> Tensor:
    """`size` different row numbers out of n."""
    return torch.randperm(n, generator=generator)[:size]
