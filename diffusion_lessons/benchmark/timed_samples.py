"""Drawing the samples of a configuration, and what drawing them costs.

All configurations of one network start from the same noise and ask for the same labels, so that what differs between
two rows of a table is the configuration.
"""

import copy
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import samplers
from diffusion_lessons.benchmark.rows import Configuration
from diffusion_lessons.denoisers import DenoiserLike, clip, count_calls
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.machine.devices import synchronise
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.sampling import times_for

WARM_UP_STEPS = 2
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16, "float64": torch.float64}


@dataclass
class TimedSamples:
    """Samples of a configuration [n, ...], the labels asked for [n] or None, and what drawing them cost."""

    x: Tensor
    labels: Tensor | None
    nfe: float
    seconds: list[float] = field(default_factory=list)  # per image, of each full batch
    peak_memory_mb: float | None = None


def timed_samples(
    denoise: Any,
    configuration: Configuration,
    n: int,
    *,
    evaluator: Evaluator | None = None,
    repeats: int = 0,
    warm_up: int = 0,
    seed: int = 0,
    progress: bool = False,
) -> TimedSamples:
    """n samples of a configuration, in batches, each timed; further batches until `repeats` full ones were timed.

    x_T comes from `seed`, the labels from the evaluator's real images (without an evaluator the classes in turn), and
    the noise of a stochastic sampler from the seed and the number of its batch: neither depends on what was sampled
    before.
    """
    device, dtype = device_of(denoise), _dtype(configuration.precision)
    run = prepare(denoise, configuration)
    size = min(configuration.batch, n) or configuration.batch
    further = max(repeats - n // size, 0)  # batches beyond the samples, only to be timed
    sizes = [*(min(size, n - start) for start in range(0, n, size)), *[size] * further]
    labels = _labels(denoise, evaluator, sum(sizes), seed)
    asked = [None] * len(sizes) if labels is None else labels.split(sizes)
    generator = torch.Generator().manual_seed(seed)
    parts = [denoise.path.prior((count, *denoise.shape), generator) for count in (n, size * further) if count]
    noise = torch.cat(parts).split(sizes)
    for _ in range(warm_up if repeats else 0):
        short = replace(configuration, steps=min(WARM_UP_STEPS, configuration.steps))
        prepare(denoise, short)(noise[0].to(device, dtype), asked[0], seed)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    results, seconds = [], []
    hidden = {} if progress else {"disable": True}  # otherwise as TQDM_DISABLE says
    bar = tqdm(total=sum(sizes), desc=str(configuration), unit="image", leave=False, **hidden)
    for number, (x_T, wanted) in enumerate(zip(noise, asked, strict=True)):
        x_T = x_T.to(device, dtype)
        synchronise(device)
        began = time.perf_counter()
        results.append(run(x_T, wanted, seed + number))
        synchronise(device)
        if len(x_T) == size:
            seconds.append((time.perf_counter() - began) / size)
        bar.update(len(x_T))
    bar.close()
    x = torch.cat([x for x, _ in results])[:n]
    nfe = sum(each for _, each in results) / len(results)
    peak = torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else None
    return TimedSamples(x, None if labels is None else labels[:n], nfe, seconds, peak)


def prepare(denoise: Any, configuration: Configuration) -> Callable[[Tensor, Tensor | None, int], tuple[Tensor, float]]:
    """run(x_T, labels, seed) -> (x_0, network evaluations), for a configuration; wrong options are refused now."""
    sampler = samplers.get(configuration.sampler)
    times = times_for(sampler, denoise.path, configuration.steps, configuration.spacing)
    inner = in_precision(denoise, _dtype(configuration.precision))
    stochastic = "generator" in inspect.signature(sampler).parameters
    if denoise.classes is None and (configuration.scale != 1 or configuration.guidance):
        raise ValueError("this denoiser takes no condition, so there is nothing to guide: leave scale at 1")

    def run(x: Tensor, labels: Tensor | None, seed: int) -> tuple[Tensor, float]:
        told: DenoiserLike = inner
        if labels is not None:
            told = classifier_free(inner, labels, configuration.scale, **configuration.guidance)
        counted: Any = count_calls(clip(told, **configuration.clip) if configuration.clip else told)
        options = dict(configuration.options)
        if stochastic:
            options["generator"] = torch.Generator().manual_seed(seed)
        return samplers.sample(sampler, counted, x, denoise.path, times, **options), counted.nfe

    return run


def in_precision(denoise: Any, dtype: torch.dtype) -> Any:
    """The same denoiser with its network's weights in another floating type; itself where it has none or fits."""
    if getattr(denoise, "dtype", None) in (None, dtype):
        return denoise
    other = copy.copy(denoise)
    other.network = copy.deepcopy(denoise.network).to(dtype)
    return other


def fingerprint(denoise: Any) -> str:
    """The SHA-256 of a checkpoint; "exact" for a denoiser that was not trained."""
    return (getattr(denoise, "card", None) or {}).get("sha256", "exact")


def _labels(denoise: Any, evaluator: Evaluator | None, n: int, seed: int) -> Tensor | None:
    if denoise.classes is None:
        return None
    asked = evaluator.labels(n, seed) if evaluator else None
    return torch.arange(n) % denoise.classes if asked is None else asked


def device_of(denoise: Any) -> torch.device:
    """Where a denoiser's network lives; the CPU for exact ones."""
    network = getattr(denoise, "network", None)
    parameters = network.parameters() if isinstance(network, torch.nn.Module) else iter(())
    return next((p.device for p in parameters), torch.device("cpu"))


def _dtype(precision: str) -> torch.dtype:
    if precision not in PRECISIONS:
        raise ValueError(f"unknown precision {precision!r}; the precisions are {', '.join(PRECISIONS)}")
    return PRECISIONS[precision]
