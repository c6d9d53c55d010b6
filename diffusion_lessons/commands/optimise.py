"""`diffusion-lessons optimise`: a faster denoiser of a checkpoint, measured beside its parent and kept as a plan."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.latency import conditions, interleaved_runs, speed_up
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.benchmark.techniques.candidates import grids_of
from diffusion_lessons.benchmark.techniques.trained import ranking_images, recipe_of, weights_of
from diffusion_lessons.checkpoints import plans
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.devices import why_not_compiled
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.metrics.captions.evaluator import of_network
from diffusion_lessons.metrics.intervals import Interval, interval
from diffusion_lessons.optimise.block_pruning import least_missed
from diffusion_lessons.optimise.int8 import unet_alone, why_no_int8
from diffusion_lessons.optimise.onnx_runtime import why_no_onnx
from diffusion_lessons.optimise.techniques import Techniques, apply
from diffusion_lessons.sampling import Settings, device_of

METRICS = ("frechet", "adherence")


def run_optimise(
    checkpoint: str,
    out: Path,
    settings: Settings,
    *,
    drop_blocks: int = 0,
    drop_heads: Sequence[str] = (),
    prune_channels: float = 0.0,
    fine_tune: int = 0,
    cache_features: int = 1,
    extrapolate: bool = False,
    int8: bool = False,
    compile: bool = False,
    onnx: bool = False,
    place_steps: bool = False,
    samples: int = 500,
    rounds: int = 5,
) -> dict[str, Any]:
    """Make a plan of these techniques and settings, measure what it gains and costs, print that and write `out`.

    It is measured beside its parent with the same sampler and steps (less what `settings` have of techniques), so that
    the techniques are compared, not the samplers. samples: of the quality figures, or 0 for latency alone.

    Raises ValueError for techniques that exclude each other or do not work here, before anything is computed.
    """
    done = Techniques(
        heads=tuple(drop_heads),
        channels=prune_channels,
        trained=fine_tune,
        features=cache_features,
        order=int(extrapolate),
        int8=int8,
        compile=compile,
        onnx=onnx,
    )
    if not plans.is_plan(out):
        raise ValueError(f"a plan is a JSON file: give --out a name that ends in .json; got {str(out)!r}")
    plans.check_place(out)
    check_writable(out)
    parent = checkpoints.load(checkpoint, "cpu")
    settings.check(parent)
    if (int8 or onnx) and settings.precision != "float32":
        done_by = "int8" if int8 else "ONNX Runtime"
        raise ValueError(f"{done_by} decides what products are computed in: leave --precision {settings.precision} out")
    if done == Techniques() and not drop_blocks and settings == plain(settings) and not place_steps:
        raise ValueError("nothing was asked for: give at least one technique; see diffusion-lessons optimise --help")
    check_possible(parent, done)
    if drop_blocks:
        done = replace(done, blocks=tuple(least_missed(parent, drop_blocks, *ranking_images(parent))))
        print(f"least missed: {', '.join(done.blocks)}", flush=True)
    if place_steps:
        grid = grids_of(parent, [settings.steps])[settings.steps]
        settings = replace(settings, placed=grid)
        print(f"placed: {', '.join(f'{t:g}' for t in grid)}", flush=True)
    weights = weights_of(parent, done, print) if done.need_weights else None
    with tempfile.TemporaryDirectory() as folder:
        trial = plans.write(Path(folder) / out.name, checkpoint, done, settings=settings, weights=weights)
        measured = beside_parent(parent, checkpoints.load(trial, "cpu"), settings, samples=samples, rounds=rounds)
    plans.write(out, checkpoint, done, settings=settings, measured=measured, weights=weights)
    print(f"{out}: {', '.join(done.words) or 'settings alone'}; load it, or sample --checkpoint {out}")
    return measured


def check_possible(parent: Denoiser, done: Techniques) -> None:
    """Raise a ValueError, with the reason, for a technique that this network or this machine does not allow.

    What is cheap is tried, so that nothing is refused after minutes of ranking, placing or training.
    """
    if done.onnx and (reason := why_no_onnx(device_of(parent))):
        raise ValueError(f"ONNX Runtime is not available here: {reason}")
    if done.int8 and not done.onnx and (reason := why_no_int8(device_of(parent))):
        raise ValueError(f"int8 is not available here: {reason}")
    if done.compile and (reason := why_not_compiled(device_of(parent))):
        raise ValueError(f"compiling is not available here: {reason}")
    if done.int8 or done.onnx or done.compile:
        unet_alone(parent, "int8, ONNX Runtime and compiling take the U-Net alone")
    apply(parent, replace(done, trained=0, int8=False, onnx=False))
    if done.trained:
        recipe_of(parent)


def plain(settings: Settings) -> Settings:
    """The same sampler and steps without techniques."""
    return replace(settings, placed=None, reuse=1, interval=None, precision="float32")


def beside_parent(
    parent: Denoiser, faster: Denoiser, settings: Settings, *, samples: int, rounds: int
) -> dict[str, Any]:
    """What the techniques gain and cost: how many times faster, and the paired differences of the figures; printed."""
    slow, quick = interleaved_runs([(parent, plain(settings)), (faster, settings)], rounds)
    found = speed_up(quick, slow).measured
    times = _entry(found) | {"conditions": conditions(quick), "device": quick.device}
    print(f"{found} times as fast; {conditions(quick)}, {quick.device}")
    measured: dict[str, Any] = {"settings": str(settings), "parent_settings": str(plain(settings)), "faster": times}
    if not samples:
        return measured
    try:
        evaluator = of_network(parent)
    except (ValueError, FileNotFoundError) as error:
        print(f"quality was not measured: {error}")
        return measured
    how: dict[str, Any] = {"evaluator": evaluator, "metrics": METRICS, "samples": samples, "repeats": 0}
    before, after = measure(parent, plain(settings), **how), measure(faster, settings, **how)
    for name in METRICS:
        difference = interval(after.quality[name].number - before.quality[name].number)
        figures = {"parent": before.quality[name].value, "plan": after.quality[name].value, "samples": samples}
        measured[name] = {**figures, "difference": _entry(difference)}
        print(f"{name}: {figures['parent']:.3g} -> {figures['plan']:.3g}, a difference of {difference}, in pairs")
    return measured


def _entry(found: Interval) -> dict[str, float]:
    return {name: float(f"{value:.4g}") for name, value in found._asdict().items()}
