"""Measure one network with many settings, row by row into a file: a sweep may be interrupted and continued later.

    for row in sweep(denoise, grid, "runs/mnist.jsonl", evaluator=evaluator, samples=1000):
        print(row.settings.sampler, row.nfe, row.quality["frechet"].value)

Quality may be spread over processes, `accelerate launch --num_processes 4 -m diffusion_lessons benchmark ...`: each
takes every fourth of the settings and writes a file of its own, and the files are joined at the end. Latency is
measured by one process alone.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons import samplers
from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.measure import fingerprint, measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.machine.files import Lock, check_writable
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.sampling import Settings, device_of


def sweep(
    denoise: Any,
    grid: Iterable[Settings],
    file: str | Path,
    *,
    samples: int = 1000,
    repeats: int = 3,
    seed: int = 0,
    progress: bool = True,
    **options: Any,
) -> Iterator[Measurement]:
    """Measure all settings that the file does not hold yet, and yield all rows of the grid in its order.

    With several processes each yields its own share. `options` are those of `measure`. Progress is counted in network
    evaluations, so that the time left is right where a thousand-step row follows a ten-step one.

    Raises ValueError for an empty grid, for a damaged file or one of another checkpoint or of other features, and for
    latency measured by several processes; when called, before anything is measured.
    """
    grid = list(dict.fromkeys(grid))
    if not grid:
        raise ValueError("an empty grid: give at least one Settings to measure")
    for settings in grid:
        settings.check(denoise)  # settings that do not fit fail now, not after an hour
    processes = Processes.started(device_of(denoise))
    if processes.world > 1 and repeats:
        raise ValueError("latency is measured by one process alone: run without `accelerate launch`, or with repeats=0")
    sha256, file = fingerprint(denoise), Path(file)
    table.check_name(file)
    check_writable(file)
    if file.is_file():
        _check_features(file, table.read(file, sha256), options.get("evaluator"))
    return _rows(denoise, grid, file, sha256, processes, samples, repeats, seed, progress, options)


def _rows(denoise, grid, file, sha256, processes, samples, repeats, seed, progress, options):
    if processes.rank == 0:
        _join(file, sha256)
    processes.wait()
    measured = {row.key: row for row in table.read(file, sha256)} if file.is_file() else {}
    own = _part(file, processes.rank)
    mine = grid[processes.rank :: processes.world]
    count = samples if options.get("evaluator") else 0
    bar_options = {} if progress else {"disable": True}  # otherwise as TQDM_DISABLE says
    bar = tqdm(total=sum(map(_cost, mine)), unit="evaluation", **bar_options)
    for settings in mine:
        bar.set_description(f"{settings.sampler} {settings.steps}")
        row = measured.get((settings, count, seed))
        if row is None or row.repeats < repeats:
            row = measure(denoise, settings, samples=samples, repeats=repeats, seed=seed, **options)
            table.append(own, row)
        bar.update(_cost(settings))
        yield row
    bar.close()
    processes.wait()
    if processes.rank == 0:
        _join(file, sha256)
    processes.wait()


def _check_features(file: Path, rows: list[Measurement], evaluator: Evaluator | None) -> None:
    if evaluator is None:
        return
    others = {row.features for row in rows if row.features_sha256 not in (None, evaluator.sha256)}
    if others:
        raise ValueError(
            f"{file} holds rows in {', '.join(map(str, others))}, and not in {evaluator.name} of this evaluator's "
            "network: such distances are not comparable. Give another file"
        )


def _join(file: Path, sha256: str) -> None:
    """Move the rows of all processes, those that were killed included, into the one file."""
    with Lock(file, table.WAIT):  # what another process is writing is no unfinished line
        if file.is_file():
            table.drop_unfinished_line(file)
            table.read(file, sha256)
        for part in sorted(file.parent.glob(f"{file.stem}.process*{file.suffix}")):
            table.drop_unfinished_line(part)
            for row in table.read(part, sha256):
                table.append(file, row)
            part.unlink()


def _part(file: Path, process: int) -> Path:
    return file if process == 0 else file.with_name(f"{file.stem}.process{process}{file.suffix}")


def _cost(settings: Settings) -> int:
    evaluations = samplers.get(settings.sampler).info.nfe(settings.steps) or settings.steps
    return evaluations * (1 if settings.scale in (0, 1) else 2)
