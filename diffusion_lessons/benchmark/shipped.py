"""The measured tables that come with the course: `datasets/measurements/` in a clone, a folder of an installed package.

Each row names the checkpoint that it was measured on. A table of another checkpoint than the one that ships is refused:
its numbers belong to another network.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.levels import Level, read_levels
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import read_json
from diffusion_lessons.sampling import Settings

LATENCY = (
    *("seconds_per_image", "seconds_q1", "seconds_q3", "repeats", "warm_up", "peak_memory_mb", "load", "threads"),
    *("cores", "seconds", "session", "evaluation_seconds", "clock"),
)
LEDGER = "claims.json"
LEVELS = "-levels.json"  # after the name of the checkpoint


class NotMeasured(LookupError):
    """A row or a number that was asked of measured tables has not been measured yet."""


def rows(name: str) -> list[Measurement]:
    """The measurements of a shipped checkpoint: `rows("mnist-diffusion")`.

    Raises FileNotFoundError where it was not measured, ValueError for a damaged table or one of another checkpoint.
    """
    sha256 = cards.read_card(name)["sha256"]
    return with_latency(table.read(_file(name, table.SUFFIX, "measured yet", f"benchmark {name}"), sha256))


def levels(name: str) -> list[Level]:
    """At which noise levels a shipped network is wrong, as it was measured: `levels("mnist-diffusion")`.

    Raises FileNotFoundError where it was not measured, ValueError for a damaged file or one of another checkpoint.
    """
    sha256 = cards.read_card(name)["sha256"]
    return read_levels(_file(name, LEVELS, "measured level by level", f"doctor --checkpoint {name} --ship"), sha256)


def _file(name: str, ending: str, measured: str, command: str) -> Path:
    """The file of what was measured of a checkpoint, or a FileNotFoundError with the command that measures it."""
    file = places.measurements() / f"{name}{ending}"
    if not file.is_file():
        raise FileNotFoundError(
            f"{name} has not been {measured}: there is no {file.name} in {file.parent}. Measure it with "
            f"`diffusion-lessons {command}`"
        )
    return file


def with_latency(measured: list[Measurement]) -> list[Measurement]:
    """The last row of each key; one measured without latency takes it from a row of latency alone, where there is one.

    Quality may be spread over processes, measured on a busy machine or in the large batches of a GPU; latency needs an
    idle one, and belongs to its batch. So a row of the same batch comes first, and else the last of any: the batch does
    not matter for quality.
    """
    timed = [row for row in measured if row.samples == 0]
    alone = {(row.settings, row.compiled): row for row in timed}
    of_any_batch = {(replace(row.settings, batch=1), row.compiled): row for row in timed}
    joined = []
    for row in {row.key: row for row in measured}.values():
        latency = alone.get((row.settings, row.compiled))
        latency = latency or of_any_batch.get((replace(row.settings, batch=1), row.compiled))
        joined.append(timed_as(row, latency) if latency and row.samples and row.repeats == 0 else row)
    return joined


def timed_as(row: Measurement, latency: Measurement) -> Measurement:
    """A row of quality with the latency of another, at the batch and on the device at which that was timed."""
    settings = replace(row.settings, batch=latency.settings.batch)
    fields = {name: getattr(latency, name) for name in LATENCY}
    return replace(row, settings=settings, timed_on=latency.device, **fields)


def comparable(*tables: list[Measurement], samples: int | None = None) -> list[Measurement]:
    """The rows of one or several tables that may share a figure: clipped, unguided, float32, of one sample count.

    That count is the largest that every table has, unless `samples` gives another. Raises NotMeasured where a table has
    no such row, ValueError for tables measured in different features.
    """
    plain = [[row for row in rows if row.quality and _plain(row.settings)] for rows in tables]
    for name, words in (("features_sha256", "in different features"), ("reference_sha256", "from other real images")):
        if len({getattr(row, name) for rows in plain for row in rows}) > 1:
            raise ValueError(f"these rows were measured {words}, so their distances are not comparable")
    counts = set.intersection(*({row.samples for row in rows} for rows in plain))
    count = samples if samples is not None else max(counts, default=None)
    if count not in counts:
        count_in_words = "equally many samples" if samples is None else f"{samples} samples"
        raise NotMeasured(
            f"clipped, unguided rows of {count_in_words} in every table; they have {_counts(tables, plain)}"
        )
    return [row for rows in plain for row in rows if row.samples == count]


def _plain(settings: Settings) -> bool:
    """Whether all fields but the sampler, its steps, its options and the batch have their defaults."""
    return alike(settings, Settings(settings.sampler, settings.steps, options=settings.options))


def _counts(tables: Sequence[list[Measurement]], plain: Sequence[list[Measurement]]) -> str:
    """The sample counts of each table: "mnist-flow: 500, 2000; mnist-reflow: none"."""
    names = [rows[0].checkpoint if rows else "an empty table" for rows in tables]
    counts = [", ".join(str(n) for n in sorted({row.samples for row in rows})) or "none" for rows in plain]
    return "; ".join(f"{name}: {count}" for name, count in zip(names, counts, strict=True))


def find(measurements: list[Measurement], settings: Settings, samples: int | None = None) -> Measurement:
    """The row of these settings, whatever its batch, with this many samples, or else with the most.

    Raises NotMeasured if it was not measured.
    """
    rows = [row for row in matching_rows(measurements, settings) if samples in (None, row.samples)]
    if not rows:
        raise NotMeasured(f"no row of {settings} among {len(measurements)} measurements")
    return max(rows, key=lambda row: row.samples)


def matching_rows(measurements: list[Measurement], settings: Settings) -> list[Measurement]:
    """All rows of these settings, whatever their batch and number of samples."""
    return [row for row in measurements if alike(row.settings, settings)]


def alike(settings: Settings, other: Settings) -> bool:
    """Equal but for the batch, which does not matter for quality."""
    return replace(settings, batch=other.batch) == other


def ledger() -> dict[str, dict[str, Any]]:
    """The stored ledger of claims: `ledger()["C2a"]["verdict"]`. Empty where nothing was measured.

    Each entry holds the "claim" in words, its "source", the "verdict" on it, and the "evidence": one dictionary for
    each case, with what it was measured "on", the "numbers", and the "verdict" that follows from them, with a "note".
    Raises ValueError for a file that is damaged or holds no claims.
    """
    file = places.measurements() / LEDGER
    if not file.is_file():
        return {}
    entries = read_json(file)
    if not entries or not all(isinstance(entry, dict) and "evidence" in entry for entry in entries.values()):
        raise ValueError(f"{file} is no ledger of claims: put a copy of it back, or delete it to measure anew")
    return entries
