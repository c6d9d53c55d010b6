"""One configuration of a sampler, measured: how fast, and how good."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.benchmark.rows import Configuration, Measurement
from diffusion_lessons.benchmark.timed_samples import TimedSamples, device_of, fingerprint, timed_samples
from diffusion_lessons.machine import description
from diffusion_lessons.metrics.adherence import contrast, out_of_range
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.scores import DRAWS, Score, evaluate, metric_named, standard_error

QUALITY = ("frechet", "kernel", "precision", "recall", "coverage", "adherence", "diversity")


def measure(
    denoise: Any,
    configuration: Configuration,
    *,
    evaluator: Evaluator | None = None,
    metrics: Iterable[str] = QUALITY,
    samples: int = 1000,
    repeats: int = 3,
    warm_up: int = 1,
    seed: int = 0,
    name: str | None = None,
    progress: bool = False,
) -> Measurement:
    """Sample once, and say everything that a claim about speed or quality needs.

    denoise: as from `load`, or an exact one; on the device on which it is to be measured.
    evaluator: measures quality on `samples` samples; without one only latency is measured, and `samples` is 0.
    repeats: batches that are timed, after `warm_up` unmeasured ones; the quality samples' own batches count. 0 leaves
        latency out.
    name: of the checkpoint in the row; by default the one in its card.
    progress: show a bar that counts images.

    Raises ValueError for an unknown metric, sampler or precision, before anything is sampled.
    """
    metrics, samples = tuple(metrics), samples if evaluator else 0
    for each in metrics:
        metric_named(each)
    if samples == 0 and repeats == 0:
        raise ValueError("nothing to measure: give an evaluator for quality, or repeats above 0 for latency")
    load = description.describe(device_of(denoise))
    drawn = timed_samples(
        denoise,
        configuration,
        samples,
        evaluator=evaluator,
        repeats=repeats,
        warm_up=warm_up,
        seed=seed,
        progress=progress,
    )
    quality = {} if evaluator is None else _quality(drawn, evaluator, metrics, seed)
    card = getattr(denoise, "card", None) or {}
    timed = torch.tensor(drawn.seconds if repeats else [], dtype=torch.float64)
    quartiles = torch.quantile(timed, torch.tensor([0.25, 0.5, 0.75]).double()).tolist() if len(timed) else [None] * 3
    return Measurement(
        configuration=configuration,
        nfe=drawn.nfe,
        checkpoint=name or card.get("name", "exact"),
        checkpoint_sha256=fingerprint(denoise),
        network=card.get("architecture", {}).get("network", "none"),
        parameters=card.get("parameters", 0),
        seed=seed,
        samples=samples,
        seconds_per_image=quartiles[1],
        seconds_q1=quartiles[0],
        seconds_q3=quartiles[2],
        repeats=len(timed),
        warm_up=warm_up if repeats else 0,
        peak_memory_mb=drawn.peak_memory_mb,
        features=evaluator.name if evaluator else None,
        features_sha256=evaluator.sha256 if evaluator else None,
        quality=quality,
        **load,  # type: ignore[arg-type]
    )


def _quality(drawn: TimedSamples, evaluator: Evaluator, metrics: Iterable[str], seed: int) -> dict[str, Score]:
    """The evaluator's scores, and what is read from the values themselves: excess (floor 0), contrast (real: 1)."""
    seen = evaluator.features_of(drawn.x, drawn.labels)
    usable = [name for name in metrics if seen.predicted is not None or name not in ("adherence", "diversity")]
    scores = evaluate(usable, seen, evaluator.train, evaluator.held_out, seed=seed, floors=evaluator.floors)
    x, n = drawn.x.float().cpu(), len(drawn.x)
    of_values: dict[str, tuple[Callable[[Tensor], float], float]] = {}
    if x.ndim == 4:  # images, whose values have a range
        of_values["excess"] = out_of_range, 0.0
    if evaluator.real_std:
        of_values["contrast"] = partial(contrast, real_std=evaluator.real_std), 1.0
    for name, (function, real) in of_values.items():

        def of_rows(rows: Tensor, function: Callable[[Tensor], float] = function) -> float:
            return function(x[rows])

        spread = standard_error(of_rows, n, DRAWS, torch.Generator().manual_seed(seed))
        scores[name] = Score(function(x), spread, real, 0.0, n)
    return scores
