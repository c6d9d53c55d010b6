"""Techniques beside the network as it is, read from the table that `diffusion-lessons techniques` makes."""

from typing import Any

from claims.images import note
from claims.numbers import Number, ratio
from claims.register import Case, on
from claims.timing import BY_COST
from diffusion_lessons.benchmark.latency import speed_up
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured, alike
from diffusion_lessons.benchmark.techniques.technique_table import at_batch, shipped_techniques
from diffusion_lessons.sampling import Settings


def technique_case(words: str, network: str, *, trained: bool = False, **more: Any) -> Case:
    """A case that reads the table of techniques of this network, or of networks that were trained for it.

    more: what its measurer is told besides the network.
    """
    command = f"diffusion-lessons techniques {network} --measure"
    return on(words, needs=[network], command=command, trained=trained, compared=True, network=network, **more)


def technique_row(network: str, settings: Settings, *techniques: str, batch: int = 25) -> Measurement:
    """The row of these settings with exactly these techniques, with its latency at this batch.

    Raises NotMeasured where there is no table, no latency at this batch, or no such row.
    """
    rows = _timed_rows(network, batch)
    found = [row for row in rows if alike(row.settings, settings) and row.techniques == techniques]
    if not found:
        raise NotMeasured(f"{', '.join(techniques) or 'plain'}: {settings} among the techniques on {network}")
    return note(found[-1])


def placed_row(network: str, sampler: str, steps: int) -> Measurement:
    """The row whose steps were placed by dynamic programming. Raises NotMeasured as `technique_row` does."""
    for row in _timed_rows(network, 25):
        if row.settings.placed is not None and (row.settings.sampler, row.settings.steps) == (sampler, steps):
            return note(row)
    raise NotMeasured(f"{sampler} in {steps} placed steps on {network}")


def _timed_rows(network: str, batch: int) -> list[Measurement]:
    try:
        return at_batch(shipped_techniques(network), batch)
    except FileNotFoundError as error:
        raise NotMeasured(f"a table of techniques on {network}") from error


def times_faster(name: str, row: Measurement, other: Measurement) -> Number:
    """How many times faster a row is than another, over the rounds in which both were timed in turn.

    Raises NotMeasured where they were not.
    """
    if row.session is None or row.session != other.session:
        raise NotMeasured(f"{row.settings} and {other.settings} timed in turn")
    return ratio(name, other.seconds, row.seconds)


def speed(name: str, row: Measurement, other: Measurement) -> list[Number]:
    """How many times faster a row is than another, what its evaluations and their cost say of it, and the load.

    The cost of an evaluation is kept as the median over rounds, and has no error; where it was not timed, nothing is
    said of it. Raises NotMeasured as `times_faster` does.
    """
    numbers = [times_faster(name, row, other)]
    if row.evaluation_seconds and other.evaluation_seconds:
        numbers.append(Number(f"{name}, by {BY_COST}", speed_up(row, other).predicted))
    if row.load is not None:
        numbers.append(Number(f"{name}, load of the machine", row.load))
    return numbers
