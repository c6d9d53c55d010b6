"""Measure a network with one choice of settings: the latency, and the quality of the samples.

All settings of one network start from the same noise and ask for the same labels, so that two rows of a table differ by
their settings alone.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.benchmark import kept
from diffusion_lessons.benchmark.drift import drift
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.denoisers.counting import count_calls
from diffusion_lessons.grids import MOST
from diffusion_lessons.machine import description
from diffusion_lessons.machine.devices import device_generator, synchronise, tf32
from diffusion_lessons.machine.fields import check_name, check_value
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.metrics.scores import WITH_CLASSES, Score, evaluate, evaluate_values, metric_named
from diffusion_lessons.samplers.base import State, last_x
from diffusion_lessons.sampling import Settings, device_of, in_precision, is_latent, states

QUALITY = ("frechet", "kernel", "precision", "recall", "coverage", "adherence", "diversity", "variance")
WARM_UP_STEPS = 2
Clock = Literal["wall", "processor"]
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "processor": time.process_time}


@dataclass
class TimedSamples:
    """Samples [n, ...], the labels asked for [n] or None, and what drawing them cost."""

    x: Tensor
    labels: Tensor | None
    nfe: float
    seconds: list[float] = field(default_factory=list)  # per image, of each full batch
    peak_memory_mb: float | None = None


@tf32(False)  # float32 in a row is float32
def measure(
    denoise: Any,
    settings: Settings,
    *,
    evaluator: Evaluator | None = None,
    metrics: Iterable[str] = QUALITY,
    samples: int = 1000,
    repeats: int = 3,
    warm_up: int = 1,
    seed: int = 0,
    name: str | None = None,
    keep: Path | None = None,
    fine: Tensor | None = None,
    clock: Clock = "wall",
    progress: bool = False,
) -> Measurement:
    """Sample with these settings, and return all that a claim about speed or quality rests on.

    denoise: as returned by `load`, or an exact one, on the device on which it is to be measured.
    evaluator: measures quality on `samples` samples; without one only latency is measured, and `samples` is 0.
    repeats: batches that are timed, after `warm_up` untimed ones; the batches drawn for quality count among them. With
        0, latency is not measured.
    name: of the checkpoint in the row; by default the one in its card.
    keep: where the samples' features are kept, if they are.
    fine: samples of a run with many more steps from the same seed, from which the `drift` is taken.
    clock: "processor" counts the time in which this process computed, all its threads together: what one thread of an
        idle CPU would take, measured on a busy one.
    progress: show a bar that counts images.

    Raises ValueError for the processor's clock and a GPU, for an unknown metric and for settings that do not fit,
    before anything is sampled.
    """
    metrics, samples = tuple(metrics), samples if evaluator else 0
    for metric in metrics:
        metric_named(metric)
    if samples == 0 and repeats == 0:
        raise ValueError("nothing to measure: give an evaluator for quality, or repeats above 0 for latency")
    load = description.describe(device_of(denoise))
    result = timed_samples(
        denoise,
        settings,
        samples,
        evaluator=evaluator,
        repeats=repeats,
        warm_up=warm_up,
        seed=seed,
        clock=clock,
        progress=progress,
    )
    quality = {}
    if evaluator is not None:
        features = evaluator.features_of(result.x, result.labels)
        quality = quality_of(features, evaluator, metrics, seed)
        if fine is not None:
            quality["drift"] = drift(result.x, fine, features.labels)
        if keep is not None:
            kept.write(keep, features, fingerprint(denoise), evaluator.sha256)
    card = getattr(denoise, "card", None) or {}
    latencies = torch.tensor(result.seconds if repeats else [], dtype=torch.float64)
    quartiles = (
        torch.quantile(latencies, torch.tensor([0.25, 0.5, 0.75]).double()).tolist() if len(latencies) else [None] * 3
    )
    return Measurement(
        settings=settings,
        nfe=result.nfe,
        checkpoint=name or card.get("name", "exact"),
        checkpoint_sha256=fingerprint(denoise),
        network=card.get("architecture", {}).get("network", "none"),
        parameters=card.get("parameters", 0),
        seed=seed,
        samples=samples,
        seconds_per_image=quartiles[1],
        seconds_q1=quartiles[0],
        seconds_q3=quartiles[2],
        repeats=len(latencies),
        warm_up=warm_up if repeats else 0,
        peak_memory_mb=result.peak_memory_mb,
        features=evaluator.name if evaluator else None,
        features_sha256=evaluator.sha256 if evaluator else None,
        reference_sha256=evaluator.reference if evaluator else None,
        quality=quality,
        compiled=getattr(denoise, "is_compiled", False),
        clock=clock,
        techniques=tuple(card.get("techniques", ())),
        parent_sha256=card.get("parent_sha256"),
        **load,  # type: ignore[arg-type]
    )


def quality_of(samples: Features, evaluator: Evaluator, metrics: Iterable[str], seed: int) -> dict[str, Score]:
    """The evaluator's scores of samples, and those of the values of their pixels.

    Figures that need a classifier are left out where there is none.
    """
    usable = [name for name in metrics if samples.predicted is not None or name not in WITH_CLASSES]
    scores = evaluate(usable, samples, evaluator.train, evaluator.held_out, seed=seed, floors=evaluator.floors)
    return scores | evaluate_values(samples, evaluator.real_std)


def timed_samples(
    denoise: Any,
    settings: Settings,
    n: int,
    *,
    evaluator: Evaluator | None = None,
    repeats: int = 0,
    warm_up: int = 0,
    seed: int = 0,
    clock: Clock = "wall",
    progress: bool = False,
) -> TimedSamples:
    """Draw n samples in timed batches of `settings.batch`, and further batches until `repeats` full ones were timed.

    x_T comes from `seed`, the labels from the evaluator's real images (without an evaluator the classes take turns),
    and the noise of a stochastic sampler from the seed and the number of its batch: none of them depends on what was
    sampled before. For a GPU this noise is drawn on the CPU, so that a seed means the same on every device, and copied
    at each step. The batches that are timed on a GPU are separate ones, whose noise is drawn on the device.
    """
    check_value("settings", settings, Settings)
    check_value("n", n, int, 0, MOST)
    settings.check(denoise)
    device, now = device_of(denoise), clock_of(clock, device_of(denoise))
    counter = count_calls(in_precision(denoise, settings.precision))
    size = min(settings.batch, n) or settings.batch
    sends_noise = device.type != "cpu" and settings.adds_noise
    further = repeats if sends_noise else max(repeats - n // size, 0)  # batches beyond the samples, only to be timed
    sizes = [*(min(size, n - start) for start in range(0, n, size)), *[size] * further]
    labels = _labels(denoise, evaluator, n, sum(sizes) - n, seed)
    labels_of = [None] * len(sizes) if labels is None else labels.split(sizes)
    generator = torch.Generator().manual_seed(seed)
    parts = [denoise.path.prior((count, *denoise.shape), generator) for count in (n, size * further) if count]
    noise = torch.cat(parts).split(sizes)

    def is_timed(number: int) -> bool:
        return sizes[number] == size and (not sends_noise or number >= len(sizes) - further)

    def run(number: int) -> Iterator[State]:
        on_device = sends_noise and is_timed(number)
        generator = device_generator(device if on_device else torch.device("cpu"), seed + number)
        return states(counter, noise[number].to(device), settings, labels_of[number], generator)

    for _ in range(warm_up if repeats else 0):
        last_x(islice(run(len(sizes) - 1 if sends_noise else 0), WARM_UP_STEPS))
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    before, results, seconds = counter.nfe, [], []
    bar_options = {} if progress else {"disable": True}  # otherwise as TQDM_DISABLE says
    bar = tqdm(total=sum(sizes), desc=str(settings), unit="image", leave=False, **bar_options)
    for number, count in enumerate(sizes):
        steps = run(number)
        synchronise(device)
        began = now()
        results.append(last_x(steps))
        synchronise(device)
        if is_timed(number):
            seconds.append((now() - began) / size)
        bar.update(count)
    bar.close()
    x = torch.cat(results)[:n]
    nfe = (counter.nfe - before) / len(results)
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else None
    return TimedSamples(x, None if labels is None else labels[:n], nfe, seconds, peak)


def clock_of(clock: Clock, device: torch.device) -> Callable[[], float]:
    """The function that reads this clock. Raises ValueError for the processor's and a GPU, which it does not count."""
    check_name("clock", clock, CLOCKS)
    if clock == "processor" and device.type != "cpu":
        raise ValueError(f'clock="processor" counts what a CPU computes, and the network is on {device.type}')
    return CLOCKS[clock]


def fingerprint(denoise: Any) -> str:
    """The SHA-256 of a checkpoint; of a denoiser that was not trained what it says itself, else "exact"."""
    trained: str | None = (getattr(denoise, "card", None) or {}).get("sha256")
    return trained or str(getattr(denoise, "fingerprint", "exact"))


def _labels(denoise: Any, evaluator: Evaluator | None, n: int, further: int, seed: int) -> Tensor | None:
    """Labels of n samples in the proportions of real images, and of the batches that are only timed."""
    if denoise.classes is None and not is_latent(denoise):
        return None
    like_real = evaluator.labels(n, seed) if evaluator and n else None
    if like_real is None:
        return in_turn(denoise, n + further)
    return torch.cat([like_real, in_turn(denoise, further)])


def in_turn(denoise: Any, count: int) -> Tensor:
    """Classes or, of a network that is told in words, sentences that take turns."""
    if denoise.classes is None:
        return denoise.sentences(count)
    return torch.arange(count) % denoise.classes
