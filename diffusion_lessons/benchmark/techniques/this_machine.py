"""What cheaper arithmetic gains on the machine at hand; what it lacks is left out and says why.

here = on_this_machine("mnist-small-diffusion")
here.found["bfloat16"][25]      # how many times as fast as float32, in batches of 25
here.skipped["int8"]            # "there is no C++ compiler, ..."
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import torch

from diffusion_lessons.benchmark.latency import interleaved_runs, speed_up
from diffusion_lessons.benchmark.techniques.candidates import SOLVER
from diffusion_lessons.benchmark.techniques.technique_table import BATCHES, at_batch, shipped_techniques
from diffusion_lessons.checkpoints import load
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.denoisers.precision import HalfPrecision
from diffusion_lessons.machine.devices import why_no_bfloat16, why_not_compiled
from diffusion_lessons.metrics.intervals import Interval
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.int8 import to_int8, why_no_int8
from diffusion_lessons.optimise.onnx_runtime import to_onnx, why_no_onnx
from diffusion_lessons.sampling import Settings, device_of

FIVE_STEPS = Settings(SOLVER, 5)
MINUTES = "making it takes minutes, and waits for on_this_machine(..., compile=True)"
WAYS: dict[str, tuple[str, tuple[str, ...]]] = {  # of the table: the precision, and what is done to the network
    "bfloat16": ("bfloat16", ()),
    "compiled": ("float32", ("compiled",)),
    "int8": ("float32", ("int8",)),
    "ONNX int8": ("float32", ("int8 by ONNX Runtime",)),
}


class Here(NamedTuple):
    """found[technique][batch]: how many times as fast as float32; skipped[technique]: why it was not timed."""

    found: dict[str, dict[int, Interval]]
    skipped: dict[str, str]


def on_this_machine(
    name: str,
    settings: Settings = FIVE_STEPS,
    *,
    batches: Sequence[int] = BATCHES,
    rounds: int = 3,
    compile: bool = False,
) -> Here:
    """Time half precision (and with `compile` the compiled network and both kinds of int8) beside float32, in turn.

    Half precision is timed twice: with weights that were cast once, and by autocast alone, which casts them each time.

    name: of the checkpoint. Raises what `interleaved_runs` does, for fewer than two rounds.
    """
    plain = load(name, "cpu")
    skipped = dict(_missing(device_of(plain), compile))
    runs: dict[str, tuple[Denoiser, Settings]] = {"float32": (plain, settings)}
    if "bfloat16" not in skipped:
        runs["bfloat16"] = (plain, replace(settings, precision="bfloat16"))
        runs["autocast alone"] = (by_autocast_alone(plain), replace(settings, precision="bfloat16"))
    if "compiled" not in skipped:
        runs["compiled"] = (load(name, "cpu", compile=True), settings)
    if "int8" not in skipped:
        runs["int8"] = (to_int8(plain), settings)
    if "ONNX int8" not in skipped:
        runs["ONNX int8"] = (to_onnx(plain, int8=True), settings)
    found: dict[str, dict[int, Interval]] = {technique: {} for technique in runs if technique != "float32"}
    for batch in batches if found else ():
        timed = interleaved_runs([(one, replace(how, batch=batch)) for one, how in runs.values()], rounds)
        for technique, row in zip(list(runs)[1:], timed[1:], strict=True):
            found[technique][batch] = speed_up(row, timed[0]).measured
    return Here(found, skipped)


def by_autocast_alone(denoise: Denoiser) -> Denoiser:
    """The same denoiser in bfloat16, whose weights stay float32 and are cast at every call."""
    return denoise.with_network(HalfPrecision(network_of(denoise), torch.bfloat16, cast=False))


def in_the_table(
    name: str, settings: Settings = FIVE_STEPS, batches: Sequence[int] = BATCHES
) -> dict[str, dict[int, Interval]]:
    """The same ratios on the machine of the shipped table, as `Here.found`: beside what is skipped on this one.

    What the table does not hold is left out. Raises what `shipped_techniques` does.
    """
    rows = shipped_techniques(name)
    found: dict[str, dict[int, Interval]] = {technique: {} for technique in WAYS}
    for batch in batches:
        row_of = {(row.techniques, row.settings): row for row in at_batch(rows, batch)}
        plain = row_of[(), replace(settings, batch=batch)]
        for technique, (precision, done) in WAYS.items():
            row = row_of.get((done, replace(settings, batch=batch, precision=precision)))
            if row is not None and row.session == plain.session:
                found[technique][batch] = speed_up(row, plain).measured
    return {technique: each for technique, each in found.items() if each}


def _missing(device: torch.device, compile: bool) -> Iterator[tuple[str, str]]:
    """Each technique that is left out, and why."""
    if reason := why_no_bfloat16(device):
        yield "bfloat16", reason
    if reason := why_not_compiled(device) or ("" if compile else MINUTES):
        yield "compiled", reason
    if reason := why_no_int8(device) or ("" if compile else MINUTES):
        yield "int8", reason
    if reason := why_no_onnx(device) or ("" if compile else MINUTES):
        yield "ONNX int8", reason
