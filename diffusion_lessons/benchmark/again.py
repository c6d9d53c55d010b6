"""Rows measured again, here or on another machine: what moved beyond its interval, and which rows may join a table.

    now = drawn_again(row, samples=100)      # the same settings, noise and labels' proportions, sampled anew
    moved(row, now)                          # {} where every figure is as it was

Rows are compared in pairs because they share noise and labels, so those of another machine may stand beside them only
if they share these too. That is tested on the rows that both tables have.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.measure import fingerprint, measure
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.machine.files import Lock
from diffusion_lessons.metrics.captions.evaluator import of_network
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.intervals import Interval
from diffusion_lessons.metrics.scores import METRICS, Score, interval_of

AT_ANY_COUNT = ("adherence", "diversity", "variance")  # means over samples: as large whatever their number
SAME_DRAW = 0.2  # standard errors of a distance: two machines that draw the same samples differ by rounding alone


class Change(NamedTuple):
    """A figure before and now, each with its 95 % interval."""

    before: Interval
    now: Interval


def drawn_again(row: Measurement, samples: int | None = None) -> Measurement:
    """The row of a shipped network sampled anew from the same seed: as many samples, or so many if that is fewer.

    With fewer only figures are taken that mean the same at any count; a Fréchet distance is larger the fewer there are.

    Raises ValueError for a row of a network that was changed to make it faster, and for one of another checkpoint than
    the one that ships.
    """
    if row.techniques:
        raise ValueError(f"{row.settings} on {row.checkpoint}: the network was changed ({', '.join(row.techniques)})")
    denoise, judge = _loaded(row.checkpoint)
    if fingerprint(denoise) != row.checkpoint_sha256:
        raise ValueError(f"{row.settings}: measured on another checkpoint than the {row.checkpoint} that ships")
    count = min(samples or row.samples, row.samples)
    names = METRICS if count == row.samples else AT_ANY_COUNT
    metrics = [name for name in names if name in row.quality]
    more: dict[str, Any] = {"samples": count, "seed": row.seed, "name": row.checkpoint, "repeats": 0}
    return measure(denoise, row.settings, evaluator=judge, metrics=metrics, **more)


@cache
def _loaded(name: str) -> tuple[Any, Evaluator]:
    denoise = checkpoints.load(name)
    return denoise, of_network(denoise)


def moved(before: Measurement, now: Measurement) -> dict[str, Change]:
    """The figures of both rows that differ by more than their 95 % intervals, taken as independent."""
    changes = {}
    for name in before.quality:
        if name in now.quality and before.quality[name].replicates and now.quality[name].replicates:
            pair = Change(interval_of(name, before.quality[name]), interval_of(name, now.quality[name]))
            reach = sum(((one.high - one.low) / 2) ** 2 for one in pair) ** 0.5
            if abs(pair.before.value - pair.now.value) > reach + 1e-9:
                changes[name] = pair
    return changes


class Joined(NamedTuple):
    """How many rows came into a table, and how many were there already and agree."""

    taken: int
    agreed: int


def join(file: Path, others: Sequence[Measurement]) -> Joined:
    """Add rows that were made elsewhere to a table, where they pair with those that it holds.

    A row that both have stays as it is. Raises ValueError, and adds nothing, where a row is of another network or
    taken from other real images, where the two tables have no row in common, and where one that they have in common
    shows that the samples were drawn from other noise or other labels.
    """
    with Lock(file, table.WAIT):
        kept = {row.key: row for row in table.read(file) if row.samples}
        for row in others:
            _check_network(row, next(iter(kept.values()), row))
        common = [(kept[row.key], row) for row in others if row.key in kept]
        if not common:
            raise ValueError(
                f"{file.name} has none of these rows: make one of its rows there too, at its count and seed, so that "
                "the two draws can be compared"
            )
        for row, other in common:
            _check_draw(row, other)
        new = [row for row in others if row.samples and row.key not in kept]
        for row in new:
            table.append(file, row)
    return Joined(len(new), len(common))


def _check_network(row: Measurement, like: Measurement) -> None:
    for name in ("checkpoint_sha256", "features_sha256", "reference_sha256"):
        if row.samples and getattr(row, name) != getattr(like, name):
            raise ValueError(
                f"{row.settings} on {row.checkpoint}: {name} is {str(getattr(row, name))[:12]}, and the table's is "
                f"{str(getattr(like, name))[:12]}: rows of both cannot be compared"
            )


def _check_draw(row: Measurement, other: Measurement) -> None:
    one, another = row.quality["frechet"], other.quality["frechet"]
    if not _same_draw(one, another):
        raise ValueError(
            f"{row.settings} on {row.checkpoint}, {row.samples} samples: a distance of {one.value:.4g} in the table "
            f"and of {another.value:.4g} in the new rows, with a standard error of {one.spread:.2g}: these were drawn "
            "from other noise or other labels, and do not pair"
        )


def _same_draw(one: Score, other: Score) -> bool:
    return abs(one.value - other.value) <= SAME_DRAW * max(one.spread, other.spread) + 1e-9
