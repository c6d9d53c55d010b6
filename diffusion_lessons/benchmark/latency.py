"""Latency of several settings, timed in turn, and how many times faster one is than another.

A machine grows warm, and others use it: rows that are timed one after the other drift apart by more than their spread.
Here every round times each row once, so that what a round has of luck its rows share, and a speed-up is the mean of the
rounds' ratios. Beside it stands what the count of evaluations says, times the cost of one evaluation measured in the
same rounds: where the two differ, something besides the network takes time.

    slow, fast = interleaved(load("mnist-diffusion"), [Settings("ddim", 50), Settings("ddim", 10)])
    print(speed_up(fast, slow).words)
"""

import statistics
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm.auto import tqdm

from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.measure import Clock, clock_of, fingerprint, measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.machine.devices import synchronise
from diffusion_lessons.metrics.intervals import Interval, ratio_of_runs
from diffusion_lessons.sampling import Settings, device_of, in_precision

ROUNDS = 7
EVALUATIONS = 3  # of the network, timed in each round beside each row


class SpeedUp(NamedTuple):
    """How many times faster one row is than another.

    measured   over rounds in which both were timed, with its 95 % interval
    predicted  by the count of evaluations, times the measured cost of one
    words      both, with all that they hold for: batch, precision, threads, device and load
    """

    measured: Interval
    predicted: float
    words: str


def interleaved(
    denoise: Any,
    grid: Sequence[Settings],
    rounds: int = ROUNDS,
    *,
    name: str | None = None,
    seed: int = 0,
    progress: bool = False,
) -> list[Measurement]:
    """Time one batch of each of these settings in every round, after one round that does not count.

    Rows of one call share their `session`. Raises ValueError for an empty grid and for fewer than two rounds.
    """
    return interleaved_runs([(denoise, settings) for settings in grid], rounds, name=name, seed=seed, progress=progress)


def interleaved_runs(
    runs: Sequence[tuple[Any, Settings]],
    rounds: int = ROUNDS,
    *,
    name: str | None = None,
    seed: int = 0,
    clock: Clock = "wall",
    progress: bool = False,
) -> list[Measurement]:
    """The same for denoisers each with its own settings: a network beside what was made of it to be faster.

    Raises ValueError for no runs and for fewer than two rounds.
    """
    if not runs or rounds < 2:
        raise ValueError(f"{len(runs)} settings and {rounds} rounds: give at least one, and at least two rounds")
    session = uuid.uuid4().hex[:12]
    rows: list[list[Measurement]] = [[] for _ in runs]
    costs: list[list[float]] = [[] for _ in runs]
    bar_options = {} if progress else {"disable": True}  # otherwise as TQDM_DISABLE says
    bar = tqdm(total=len(runs) * (rounds + 1), desc="rounds", unit="batch", **bar_options)
    for turn in range(rounds + 1):
        for k in range(len(runs)):
            number = (k + turn) % len(runs)  # no row is always the first
            denoise, settings = runs[number]
            row = measure(denoise, settings, repeats=1, warm_up=turn == 0, seed=seed + turn, name=name, clock=clock)
            cost = evaluation_seconds(denoise, settings, clock=clock)
            if turn:
                rows[number].append(row)
                costs[number].append(cost)
            bar.update()
    bar.close()
    return [_joined(each, cost, session, seed) for each, cost in zip(rows, costs, strict=True)]


def evaluation_seconds(denoise: Any, settings: Settings, times: int = EVALUATIONS, clock: Clock = "wall") -> float:
    """Seconds of one evaluation of the network per image, in this batch and precision: the median of `times`.

    With guidance a step asks for both estimates at once, in a pass of twice as many images, so that is what is timed.
    """
    network, device = in_precision(denoise, settings.precision), device_of(denoise)
    count = settings.batch * (1 + settings.guided)
    x = denoise.path.prior((count, *denoise.shape), torch.Generator().manual_seed(0)).to(device)
    t = settings.times(denoise.path)[0]
    labels = None if denoise.classes is None else torch.arange(count) % denoise.classes
    seconds, now = [], clock_of(clock, device)
    with torch.no_grad():
        for _ in range(times):
            synchronise(device)
            began = now()
            network(x, t) if labels is None else network(x, t, labels.to(device))
            synchronise(device)
            seconds.append((now() - began) / count)
    return statistics.median(seconds)


def speed_up(row: Measurement, other: Measurement) -> SpeedUp:
    """How many times faster `row` is than `other`.

    Raises NotMeasured unless both were timed in turn, in one session: two latencies of different hours say little.
    """
    if row.session is None or row.session != other.session:
        raise NotMeasured(f"{row.settings} and {other.settings} timed in turn, in one session (`--plan latency`)")
    measured = ratio_of_runs(other.seconds, row.seconds)
    predicted = (other.nfe * (other.evaluation_seconds or 0)) / (row.nfe * (row.evaluation_seconds or 1))
    return SpeedUp(
        measured, predicted, f"{_times(measured)} faster (by evaluations {predicted:.3g}); {conditions(row)}"
    )


def conditions(row: Measurement) -> str:
    """What a latency holds for, in words."""
    device = row.timing_device
    threads = f"{row.threads} thread{'s' * (row.threads != 1)}" if device.startswith("cpu") else device
    load = "" if row.load is None else f", load {row.load:g} on {row.cores} cores"
    load = load if row.clock == "wall" else ", processor time"  # which others that compute do not lengthen
    compiled = ", compiled" if row.compiled else ""
    return f"batch {row.settings.batch}, {row.settings.precision}{compiled}, {threads}{load}"


def timed_table(
    denoise: Any, grid: Sequence[Settings], file: Path, *, rounds: int = ROUNDS, name: str | None = None, **more: Any
) -> list[Measurement]:
    """The rows of latency of these settings from a table, or timed now where no one session holds them all."""
    sha256 = fingerprint(denoise)
    rows_of = table.read(file, sha256) if file.is_file() else []
    known = [row for row in rows_of if row.samples == 0 and row.compiled == getattr(denoise, "is_compiled", False)]
    for session in dict.fromkeys(row.session for row in reversed(known) if row.session):
        rows = {row.settings: row for row in known if row.session == session}
        if all(settings in rows for settings in grid):
            return [rows[settings] for settings in grid]
    timed = interleaved(denoise, grid, rounds, name=name, **more)
    for row in timed:
        table.append(file, row)
    return timed


def _joined(rows: list[Measurement], costs: list[float], session: str, seed: int) -> Measurement:
    """One row of all rounds."""
    seconds = tuple(row.seconds_per_image or 0.0 for row in rows)
    q1, _, q3 = statistics.quantiles(seconds, n=4, method="inclusive")
    return replace(
        rows[0],
        seed=seed,
        seconds=seconds,
        seconds_per_image=statistics.median(seconds),
        seconds_q1=q1,
        seconds_q3=q3,
        repeats=len(rows),
        warm_up=1,
        session=session,
        evaluation_seconds=statistics.median(costs),
    )


def _times(interval: Interval) -> str:
    return f"{interval.value:.3g} times [{interval.low:.3g}, {interval.high:.3g}]"
