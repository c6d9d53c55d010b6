"""The measured tables that come with the course: `datasets/measurements/` in a clone, a folder of an installed package.

Each row names the checkpoint that it was measured on. A table of another checkpoint than the one that ships is refused:
its numbers are somebody else's.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from diffusion_lessons.evaluation import table
from diffusion_lessons.evaluation.measurement import Configuration, Measurement
from diffusion_lessons.training import weights

LATENCY = ("seconds_per_image", "seconds_q1", "seconds_q3", "repeats", "warm_up", "peak_memory_mb", "load")
PACKAGE = Path(__file__).resolve().parent.parent


def folder() -> Path:
    """Where measured tables are kept: in the clone that this code is part of, otherwise in the package."""
    clone = PACKAGE.parent / "datasets"
    return clone / "measurements" if clone.is_dir() else PACKAGE / "measurements"


def rows(name: str) -> list[Measurement]:
    """The measurements of a shipped checkpoint: `rows("mnist-diffusion")`.

    Raises FileNotFoundError where it was not measured, ValueError for a damaged table or one of another checkpoint.
    """
    file = folder() / f"{name}.csv"
    if not file.is_file():
        raise FileNotFoundError(
            f"{name} has not been measured yet: there is no {file.name} in {file.parent}. Measure it with "
            f"`diffusion-lessons benchmark {name}`"
        )
    return with_latency(table.read(file, weights.read_card(name)["sha256"]))


def with_latency(found: list[Measurement]) -> list[Measurement]:
    """The last row of each key, where quality was measured without latency with that of the same configuration.

    Quality may be spread over processes or measured on a busy machine; latency needs one that does nothing else.
    """
    alone = {row.configuration.key: row for row in found if row.samples == 0}
    rows = list({row.key: row for row in found}.values())
    return [
        replace(row, **{name: getattr(alone[row.configuration.key], name) for name in LATENCY})
        if row.repeats == 0 and row.configuration.key in alone
        else row
        for row in rows
    ]


def frame(name: str) -> pd.DataFrame:
    """The same as a table of pandas, one column for each number."""
    return pd.DataFrame([row.row() for row in rows(name)])


def find(measurements: list[Measurement], like: Configuration, samples: int | None = None) -> Measurement:
    """The row of a configuration, whatever its batch, with this many samples or as many as there are.

    Raises LookupError if it was not measured.
    """
    found = [row for row in alike(measurements, like) if samples in (None, row.samples)]
    if not found:
        raise LookupError(f"no row of {like} among {len(measurements)} measurements")
    return max(found, key=lambda row: row.samples)


def alike(measurements: list[Measurement], like: Configuration) -> list[Measurement]:
    """All rows of a configuration, whatever their batch and number of samples."""
    return [row for row in measurements if _without_batch(row.configuration) == _without_batch(like)]


def _without_batch(configuration: Configuration) -> dict:
    return {name: value for name, value in vars(configuration).items() if name != "batch"}
