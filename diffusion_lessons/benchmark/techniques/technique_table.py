"""One table of all techniques on one checkpoint: quality of each, paired, and latencies that were timed in turn.

Rows are appended as they are made; the same command goes on where it was stopped. Quality is measured once, at one
batch, and latency at several, since what pays at a batch of 25 may not pay at 1.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.latency import interleaved_runs
from diffusion_lessons.benchmark.measure import fingerprint, measure, timed_samples
from diffusion_lessons.benchmark.rows import Measurement, told
from diffusion_lessons.benchmark.shipped import NotMeasured, timed_as
from diffusion_lessons.benchmark.techniques.candidates import SOLVER, Candidate
from diffusion_lessons.benchmark.techniques.step_curve import Beside, beside, is_plain
from diffusion_lessons.checkpoints import cards, plans
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.sampling import Settings, device_of

METRICS = ("frechet", "recall", "adherence")
FINE = Settings(SOLVER, 30)  # whose samples are those that the network "means"
BATCHES = (1, 25)
ROUNDS = 5
FOLDER = "techniques"  # of shipped tables
MEASURED = ("mnist-small-diffusion", "cifar10-diffusion", "captions-diffusion")  # on which techniques are measured


def measure_candidates(
    name: str,
    candidates: Iterable[Candidate],
    file: Path,
    evaluator: Evaluator,
    *,
    samples: int = 500,
    seed: int = 0,
    keep: Path | None = None,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> list[Candidate]:
    """Measure the quality of these candidates where the file lacks it, and return them all, to be timed.

    `name` is the checkpoint whose fine run the drift is taken from; the run is kept in `keep`, or beside the file. All
    are sampled on `device`, which those must suit (`candidates`).

    Raises ValueError for a file of another checkpoint.
    """
    parent, fine, found = checkpoints.load(name, device), None, []
    _check_parent(file, fingerprint(parent))
    for candidate in candidates:
        found.append(candidate)
        rows, sha256 = table.read(file) if file.is_file() else [], _sha256(candidate.source)
        known = {row.settings for row in rows if (row.checkpoint_sha256, row.samples) == (sha256, samples)}
        missing = [settings for settings in candidate.settings if settings not in known]
        if not missing:
            continue
        denoise = checkpoints.load(candidate.source, device)
        if fine is None:
            fine = fine_run(
                parent, keep or file.parent, missing[0].batch, evaluator, samples=samples, seed=seed, say=say
            )
        for settings in missing:
            how: dict[str, Any] = {"evaluator": evaluator, "metrics": METRICS, "samples": samples, "seed": seed}
            how |= {"name": name, "repeats": 0, "fine": _same_start(fine, settings), "progress": True}
            row = measure(denoise, settings, **how)
            table.append(file, row)
            say(line(row))
    return found


def fine_run(
    parent: Any,
    folder: Path,
    batch: int,
    evaluator: Evaluator,
    *,
    samples: int,
    seed: int = 0,
    say: Callable[[str], None] = print,
) -> Tensor:
    """The samples that this network draws in many steps, [samples, ...], kept in the folder."""
    sha256, steps = fingerprint(parent), replace(FINE, batch=batch)
    file = folder / f"fine-{sha256[:12]}-{samples}-{seed}"
    if file.with_suffix(".safetensors").is_file():
        tensors, _ = cards.read(file)
        return tensors["x"]
    say(f"drawing the fine run: {FINE}")
    x = timed_samples(parent, steps, samples, evaluator=evaluator, seed=seed).x.cpu()
    cards.write(file, {"x": x}, {"parent_sha256": sha256, "settings": str(FINE)})
    return x


def time_candidates(
    name: str,
    candidates: Sequence[Candidate],
    file: Path,
    batches: Iterable[int] = BATCHES,
    rounds: int = ROUNDS,
    *,
    device: str = "cpu",
) -> None:
    """Time all candidates in turn at each batch for which the file's newest session does not hold them all."""
    for batch in batches:
        wanted = [(one.source, replace(settings, batch=batch)) for one in candidates for settings in one.settings]
        timed = [row for row in table.read(file) if row.samples == 0 and row.settings.batch == batch]
        newest = timed[-1].session if timed else None
        keys = {(row.checkpoint_sha256, row.settings) for row in timed if row.session == newest}
        if all((_sha256(source), settings) in keys for source, settings in wanted):
            continue
        loaded = {source: checkpoints.load(source, device) for source, _ in wanted}
        runs = [(loaded[source], settings) for source, settings in wanted]
        for row in timed_in_turn(runs, rounds, name):
            table.append(file, row)


def timed_in_turn(runs: Sequence[tuple[Any, Settings]], rounds: int, name: str | None = None) -> list[Measurement]:
    """Timed in turn: on a CPU in one thread, by the time in which it computed, so that a busy machine does no harm."""
    if any(device_of(denoise).type != "cpu" for denoise, _ in runs):
        return interleaved_runs(runs, rounds, name=name, progress=True)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return interleaved_runs(runs, rounds, name=name, clock="processor", progress=True)
    finally:
        torch.set_num_threads(threads)


def at_batch(rows: Sequence[Measurement], batch: int) -> list[Measurement]:
    """Rows with quality, each with the latency that was timed at this batch in the newest session; without one, none.

    Raises NotMeasured where no latency was measured at this batch.
    """
    timed = [row for row in rows if row.samples == 0 and row.settings.batch == batch]
    if not timed:
        have = sorted({row.settings.batch for row in rows if row.samples == 0})
        raise NotMeasured(f"latency at batch {batch}; there is latency at {', '.join(map(str, have)) or 'none'}")
    newest = timed[-1].session
    latencies = {(row.checkpoint_sha256, row.settings): row for row in timed if row.session == newest}
    joined = []
    for row in rows:
        settings = replace(row.settings, batch=batch)
        if row.quality and (latency := latencies.get((row.checkpoint_sha256, settings))):
            joined.append(timed_as(row, latency))
    return joined


def compared(rows: list[Measurement], batch: int, metric: str) -> list[Beside]:
    """Every row that is not plain beside the plain rows of its guidance scale; rows without the figure are left out."""
    joined = [row for row in at_batch(rows, batch) if metric in row.quality]
    plain = [row for row in joined if is_plain(row)]
    return [
        beside(row, [one for one in plain if one.settings.scale == row.settings.scale], metric)
        for row in joined
        if not is_plain(row)
    ]


def shipped_techniques(name: str) -> list[Measurement]:
    """The table of techniques that ships for a checkpoint.

    Raises FileNotFoundError where there is none, with the command that makes it, ValueError for another checkpoint's.
    """
    file, sha256 = shipped_file(name), _sha256(name)
    if not file.is_file():
        command = f"diffusion-lessons techniques {name} --measure"
        raise FileNotFoundError(f"no techniques were measured on {name}: `{command}` does it")
    _check_parent(file, sha256)
    return table.read(file)


def shipped_tables() -> dict[str, list[Measurement]]:
    """The table of techniques of every checkpoint that has one, by the checkpoint's name; digits before photographs.

    Raises ValueError for a table of another checkpoint than the one of its name.
    """
    return {name: shipped_techniques(name) for name in MEASURED if shipped_file(name).is_file()}


def shipped_file(name: str) -> Path:
    """Where a checkpoint's table of techniques is, or would be."""
    return places.measurements() / FOLDER / f"{name}{table.SUFFIX}"


def line(row: Measurement) -> str:
    """A row in one line: what was done to the network, how it was sampled, and its figures."""
    scores = "  ".join(told(name, score) for name, score in row.quality.items())
    return f"{', '.join(row.techniques) or 'plain'}: {row.settings}  {scores}"


def _same_start(fine: Tensor, settings: Settings) -> Tensor | None:
    """The fine run, for settings that mean the same images: guided ones mean others."""
    return None if settings.guided else fine


def _sha256(source: str) -> str:
    """The hash that rows of this source carry, read without loading a network."""
    return plans.read(source).sha256 if plans.is_plan(source) else cards.read_card(source)["sha256"]


def _check_parent(file: Path, sha256: str) -> None:
    rows = table.read(file) if file.is_file() else []
    if others := {row.parent_sha256 or row.checkpoint_sha256 for row in rows} - {sha256}:
        raise ValueError(
            f"{file} was measured on checkpoint {min(others)[:12]}, and this one is {sha256[:12]}: rows of two "
            "networks cannot be compared. Give another file, or delete it"
        )
