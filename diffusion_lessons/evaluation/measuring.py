"""One configuration of a sampler, measured: how fast, and how good."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.evaluation import machine
from diffusion_lessons.evaluation.drawing import Drawn, device_of, draw, fingerprint
from diffusion_lessons.evaluation.judge import Judge
from diffusion_lessons.evaluation.measurement import Configuration, Measurement
from diffusion_lessons.evaluation.metrics import DRAWS, Score, contrast, evaluate, excess, get, standard_error

QUALITY = ("frechet", "kernel", "precision", "recall", "coverage", "adherence", "diversity")


def measure(
    denoise: Any,
    configuration: Configuration,
    *,
    judge: Judge | None = None,
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
    judge: measures quality on `samples` samples; without one only latency is measured, and `samples` is 0.
    repeats: batches that are timed, after `warm_up` unmeasured ones; the quality samples' own batches count. 0 leaves
        latency out.
    name: of the checkpoint in the row; by default the one in its card.
    progress: show a bar that counts images.

    Raises ValueError for an unknown metric, sampler or precision, before anything is sampled.
    """
    metrics, samples = tuple(metrics), samples if judge else 0
    for each in metrics:
        get(each)
    if samples == 0 and repeats == 0:
        raise ValueError("nothing to measure: give a judge for quality, or repeats above 0 for latency")
    load = machine.describe(device_of(denoise))
    drawn = draw(
        denoise, configuration, samples, judge=judge, repeats=repeats, warm_up=warm_up, seed=seed, progress=progress
    )
    quality = {} if judge is None else _quality(drawn, judge, metrics, seed)
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
        features=judge.name if judge else None,
        features_sha256=judge.sha256 if judge else None,
        quality=quality,
        **load,  # type: ignore[arg-type]
    )


def _quality(drawn: Drawn, judge: Judge, metrics: Iterable[str], seed: int) -> dict[str, Score]:
    """The judge's scores, and what is read from the values themselves: excess (floor 0) and contrast (real: 1)."""
    seen = judge.see(drawn.x, drawn.labels)
    usable = [name for name in metrics if seen.predicted is not None or name not in ("adherence", "diversity")]
    scores = evaluate(usable, seen, judge.train, judge.held_out, seed=seed, floors=judge.floors)
    x, n = drawn.x.float().cpu(), len(drawn.x)
    of_values: dict[str, tuple[Callable[[Tensor], float], float]] = {}
    if x.ndim == 4:  # images, whose values have a range
        of_values["excess"] = excess, 0.0
    if judge.real_std:
        of_values["contrast"] = partial(contrast, real_std=judge.real_std), 1.0
    for name, (function, real) in of_values.items():

        def of_rows(rows: Tensor, function: Callable[[Tensor], float] = function) -> float:
            return function(x[rows])

        spread = standard_error(of_rows, n, DRAWS, torch.Generator().manual_seed(seed))
        scores[name] = Score(function(x), spread, real, 0.0, n)
    return scores
