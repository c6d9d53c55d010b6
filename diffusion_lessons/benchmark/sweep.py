"""Measure one network with many settings, row by row into a file: a sweep may be interrupted and continued later.

    for row in sweep(denoise, grid, "runs/mnist.jsonl", evaluator=evaluator, samples=1000):
        print(row.settings.sampler, row.nfe, row.quality["frechet"].value)

Several processes may share a sweep of quality: start the same command twice, or with `accelerate launch`. Each takes
the next row that no other has taken, and a row whose process was killed is taken over. Latency is measured by one
process alone.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from diffusion_lessons import samplers
from diffusion_lessons.benchmark import kept, table
from diffusion_lessons.benchmark.measure import QUALITY, fingerprint, measure, quality_of
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.machine.files import Lock, check_writable
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.scores import WITH_CLASSES
from diffusion_lessons.sampling import Settings, device_of

FOREVER = 10.0**7  # seconds to wait for a row that another process is measuring


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

    With several processes each yields all rows, its own first. `options` are those of `measure`. Progress is counted
    in network evaluations, so that the time left is right where a thousand-step row follows a ten-step one. Features
    are kept (`benchmark.kept`): where a row lacks a figure that is asked for, it is computed from them, and only where
    they are missing or damaged is the row sampled again.

    Raises ValueError for an empty grid, for a damaged file or one of another checkpoint or of other features, and for
    latency measured by several processes; when called, before anything is measured.
    """
    grid = list(dict.fromkeys(grid))
    if not grid:
        raise ValueError("an empty grid: give at least one Settings to measure")
    for settings in grid:
        settings.check(denoise)  # settings that do not fit fail now, not after an hour
    if Processes.started(device_of(denoise)).world > 1 and repeats:
        raise ValueError("latency is measured by one process alone: run without `accelerate launch`, or with repeats=0")
    sha256, file = fingerprint(denoise), Path(file)
    table.check_name(file)
    check_writable(file)
    if file.is_file():
        _check_features(file, table.read(file, sha256), options.get("evaluator"))
    return _rows(denoise, grid, file, sha256, samples, repeats, seed, progress, options)


def _rows(denoise, grid, file, sha256, samples, repeats, seed, progress, options):
    with _alone(file) if repeats else nullcontext():
        with Lock(file, table.WAIT):  # what another process is writing is no unfinished line
            if file.is_file():
                table.drop_unfinished_line(file)
        count = samples if options.get("evaluator") else 0
        bar_options = {} if progress else {"disable": True}  # otherwise as TQDM_DISABLE says
        bar = tqdm(total=sum(map(_cost, grid)), unit="evaluation", **bar_options)
        taken = []  # by other processes: looked at again when all others are done
        for number, settings in enumerate([*grid, *grid]):
            again = number >= len(grid)
            if again and settings not in taken:
                continue
            bar.set_description(f"{settings.sampler} {settings.steps}")
            key = settings, count, seed, getattr(denoise, "is_compiled", False)
            row, missing = _kept_row(file, sha256, key, repeats, options)
            if row is None or missing:
                place = kept.place(file, settings, count, seed)
                try:
                    lock = Lock(place, FOREVER if again else 0.0)
                except BlockingIOError:
                    taken.append(settings)
                    continue
                with lock:
                    row = _known(file, sha256, key, repeats, options)  # finished while we waited?
                    if row is None:
                        more = {**options, "keep": place if count else None}
                        row = measure(denoise, settings, samples=samples, repeats=repeats, seed=seed, **more)
                        table.append(file, row)
            bar.update(_cost(settings))
            yield row
        bar.close()


def _kept_row(
    file: Path, sha256: str, key: tuple[Settings, int, int, bool], repeats: int, options: dict[str, Any]
) -> tuple[Measurement | None, list[str]]:
    """The row of this key in the file, or None, and the figures that are asked for and that it lacks."""
    rows = {row.key: row for row in table.read(file, sha256)} if file.is_file() else {}
    row = rows.get(key)
    if row is None or row.repeats < repeats:
        return None, []
    evaluator: Evaluator | None = options.get("evaluator")
    if evaluator is None:
        return row, []
    missing = [name for name in options.get("metrics", QUALITY) if name not in row.quality]
    if evaluator.train.predicted is None:
        missing = [name for name in missing if name not in WITH_CLASSES]
    return row, missing


def _known(
    file: Path, sha256: str, key: tuple[Settings, int, int, bool], repeats: int, options: dict[str, Any]
) -> Measurement | None:
    """The row of this key with all figures that are asked for, from the file or from kept features; or None."""
    row, missing = _kept_row(file, sha256, key, repeats, options)
    if row is None or not missing:
        return row
    try:
        features = kept.features_of_row(row, file)
    except FileNotFoundError:
        return None
    except ValueError as error:
        warnings.warn(f"{error}. The row is sampled again", stacklevel=2)
        return None
    row = replace(row, quality={**row.quality, **quality_of(features, options["evaluator"], missing, row.seed)})
    table.append(file, row)
    return row


def _alone(file: Path) -> Lock:
    try:
        return Lock(file.with_name(f"{file.stem}.latency"))
    except BlockingIOError as error:
        raise ValueError(
            f"another process measures latency for {file}: latency is measured by one process alone. Wait, or measure "
            "quality without it"
        ) from error


def _check_features(file: Path, rows: list[Measurement], evaluator: Evaluator | None) -> None:
    if evaluator is None:
        return
    others = {row.features for row in rows if row.features_sha256 not in (None, evaluator.sha256)}
    if others:
        raise ValueError(
            f"{file} holds rows in {', '.join(map(str, others))}, and not in {evaluator.name} of this evaluator's "
            "network: such distances are not comparable. Give another file"
        )
    if any(row.features_sha256 and row.reference_sha256 != evaluator.reference for row in rows):
        raise ValueError(
            f"{file} holds distances from other real images than those of this evaluator: they are not comparable. "
            "Give another file, or delete it"
        )


def _cost(settings: Settings) -> int:
    evaluations = samplers.get(settings.sampler).info.nfe(settings.steps) or settings.steps
    return evaluations * (1 if settings.scale in (0, 1) else 2)
