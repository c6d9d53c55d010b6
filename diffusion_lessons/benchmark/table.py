"""Measurements as lines of a file, one JSON object a line: appended as they are made, checked when they are read.

A last line that is cut short, as an interrupted run leaves it, is dropped. Any other damage raises an error that names
the line.
"""

import json
from pathlib import Path

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.machine.files import Lock, append_line, write_atomically

SUFFIX = ".jsonl"
WAIT = 60.0  # seconds in which another process has surely written its row


def append(file: Path, row: Measurement) -> None:
    """Add one row; on the disk when this returns. Several processes may write one table, each when it is its turn."""
    check_name(file)
    with Lock(file, WAIT):
        append_line(file, json.dumps(row.to_json(), ensure_ascii=False))


def read(file: Path, checkpoint_sha256: str | None = None) -> list[Measurement]:
    """All rows of a table; with a hash, only if every row was measured on that checkpoint.

    Raises FileNotFoundError, and ValueError for a damaged file or for rows of another checkpoint, saying which line.
    """
    check_name(file)
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]  # the rest was never finished
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = Measurement.from_json(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError(
                f"{file}, line {number}: damaged or edited by hand, not a measurement ({error}). Remove that line "
                "and everything in doubt, and run the sweep again: it measures what is missing"
            ) from error
        if checkpoint_sha256 not in (None, row.checkpoint_sha256):
            raise ValueError(
                f"{file}, line {number}: measured on checkpoint {row.checkpoint_sha256[:12]}, and this one is "
                f"{str(checkpoint_sha256)[:12]}: rows of two networks cannot be compared. Give another file, "
                "or delete it"
            )
        rows.append(row)
    return rows


def drop_unfinished_line(file: Path) -> None:
    """Cut off what was being written when a run was killed, so that the next row starts on a line of its own."""
    content = file.read_bytes()
    if content and not content.endswith(b"\n"):
        write_atomically(file, content[: content.rfind(b"\n") + 1])


def check_name(file: Path) -> None:
    """Raise a ValueError for a file whose name is not that of a table, such as a CSV of earlier versions."""
    if file.suffix != SUFFIX:
        raise ValueError(f"{file}: tables of measurements are JSON lines; give a file whose name ends in {SUFFIX}")
