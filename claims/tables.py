"""Figures from the measured tables of the trained networks, as numbers of the ledger."""

import math
from typing import Any

from uncertainties import UFloat

from claims.evidence import named
from claims.ledger import Case, on
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings

TABLE = "mnist-diffusion"
DDPM = ("ddpm", 1000)


def on_tables(words: str, *tables: str, **arguments: Any) -> Case:
    """A case that needs these tables, by default that of `TABLE`."""
    return on(words, needs=[f"{name}.jsonl" for name in tables or (TABLE,)], **arguments)


MNIST, DIGITS = (on_tables(name, name, table=name) for name in ("mnist-diffusion", "digits-diffusion"))


def row(sampler: str, steps: int, samples: int | None = None, table: str = TABLE, **more: Any) -> Measurement:
    """A stored, clipped, unguided row; NotMeasured if there is none."""
    return shipped.find(shipped.rows(table), Settings(sampler, steps, **more), samples)


def rows_at_one_count(*runs: tuple[str, int, dict[str, Any]], table: str = TABLE) -> list[Measurement]:
    """Rows (sampler, steps, more) at the largest sample count that was measured for all of them."""
    measured = shipped.rows(table)
    settings = [Settings(name, steps, **more) for name, steps, more in runs]
    counts = set.intersection(*({row.samples for row in shipped.matching_rows(measured, one)} for one in settings))
    if not counts:
        names = ", ".join(f"{name}@{steps}" for name, steps, _ in runs)
        raise NotMeasured(f"rows of {names} at one sample count")
    return [shipped.find(measured, one, max(counts)) for one in settings]


def quality(of: Measurement, metric: str) -> Score:
    """A score of a row; NotMeasured if the row has no such metric."""
    if metric not in of.quality:
        raise NotMeasured(f"{metric} of {of.settings}")
    return of.quality[metric]


def score(of: Measurement, metric: str = "frechet", name: str = "") -> UFloat:
    """A stored score as a number of the ledger, named after sampler and steps, and with the number of samples."""
    result = quality(of, metric)
    settings = of.settings
    words = [
        settings.sampler,
        *(f"{key} = {value}" for key, value in settings.options.items()),
        f"{settings.steps} steps",
    ]
    return named(f"{name or ', '.join(words)}: {metric} (n = {of.samples})", result.value, result.spread)


def floor(of: Measurement, metric: str = "frechet") -> UFloat:
    """What real images score at this row's count."""
    result = quality(of, metric)
    return named(f"real images: {metric} (n = {of.samples})", result.floor, result.floor_spread)


def speed_up(fast: Measurement, slow: Measurement) -> UFloat:
    """How many times less time an image takes, from medians; the spread from the quartiles."""
    if not (fast.seconds_per_image and slow.seconds_per_image):
        raise NotMeasured("latency of both rows")
    ratio = slow.seconds_per_image / fast.seconds_per_image
    relative = math.hypot(_relative_spread(fast), _relative_spread(slow))
    names = [f"{one.settings.sampler}@{one.settings.steps}" for one in (fast, slow)]
    return named(f"{names[0]}: times faster than {names[1]}", ratio, ratio * relative)


def _relative_spread(of: Measurement) -> float:
    """The interquartile range of the latency over its median."""
    if of.seconds_per_image is None or of.seconds_q1 is None or of.seconds_q3 is None:
        return 0.0
    return (of.seconds_q3 - of.seconds_q1) / of.seconds_per_image


def guided(scale: float, table: str = TABLE, **more: Any) -> Measurement:
    """A stored row of the plan `guidance`, unclipped unless `more` says otherwise; NotMeasured if there is none."""
    return shipped.find(shipped.rows(table), Settings("dpm_solver_pp_2m", 10, scale=scale, **{"limit": None, **more}))


def guided_score(of: Measurement, metric: str, name: str = "") -> UFloat:
    """A stored score as a number of the ledger, named after the guidance scale."""
    result = quality(of, metric)
    return named(f"{name or f's = {of.settings.scale:g}'}: {metric}", result.value, result.spread)


def guided_floor(of: Measurement, metric: str) -> UFloat:
    """What real images score."""
    result = quality(of, metric)
    return named(f"real images: {metric}", result.floor, result.floor_spread)
