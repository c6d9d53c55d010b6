"""Measurements as lines of a CSV file: appended as they are made, checked when they are read.

Every line ends with a checksum of itself, so that a changed digit is noticed. A last line that was cut short is what
an interrupted run leaves: it is dropped. Anything else that does not fit is refused with the number of the line.
"""

import csv
import io
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from diffusion_lessons.benchmark.rows import Measurement

CHECK = "crc32"


def append(file: Path, measurement: Measurement) -> None:
    """Add one row, with a header if the file is new; on the disk when this returns.

    A row of latency alone leaves the columns of quality empty. Raises ValueError where the columns differ otherwise.
    """
    row = measurement.row()
    if file.is_file() and file.stat().st_size:
        columns = _whole_lines(file)[0].split(",")[:-1]
        if set(row) - set(columns) or (measurement.quality and set(columns) - set(row)):
            differing = sorted(set(row) ^ set(columns))
            raise ValueError(f"{file} has other columns than this run ({', '.join(differing[:5])}): give another file")
        text = _line([row.get(name) for name in columns])
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        text = _csv([*row, CHECK]) + _line(list(row.values()))
    with open(file, "a", encoding="utf-8", newline="") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def read(file: Path, checkpoint_sha256: str | None = None) -> list[Measurement]:
    """All rows of a table; with a hash, only if every row was measured on that checkpoint.

    Raises FileNotFoundError, and ValueError for a damaged file or for rows of another checkpoint, saying which line.
    """
    lines = _whole_lines(file)
    if not lines:
        return []
    columns = lines[0].split(",")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        cells = next(csv.reader([line]))
        if len(cells) != len(columns) or _checksum(cells[:-1]) != cells[-1]:
            raise ValueError(
                f"{file}, line {number}: damaged or edited by hand (its checksum does not fit). Remove that line and "
                "everything in doubt, and run the sweep again: it measures what is missing"
            )
        rows.append(Measurement.from_row(dict(zip(columns, cells, strict=True))))
    for number, row in enumerate(rows, start=2):
        if checkpoint_sha256 not in (None, row.checkpoint_sha256):
            raise ValueError(
                f"{file}, line {number}: measured on checkpoint {row.checkpoint_sha256[:12]}, and this one is "
                f"{str(checkpoint_sha256)[:12]}: rows of two networks do not compare. Give another file, or delete it"
            )
    return rows


def drop_unfinished_line(file: Path) -> None:
    """Cut off what was being written when a run was killed, so that the next row starts on a line of its own."""
    content = file.read_bytes()
    if content and not content.endswith(b"\n"):
        with open(file, "rb+") as handle:
            handle.truncate(content.rfind(b"\n") + 1)


def _whole_lines(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = text.split("\n")[:-1]  # what follows the last newline was never finished
    if lines and not lines[0].endswith("," + CHECK):
        raise ValueError(f"{file} is no table of measurements: its first line is {lines[0][:40]!r}")
    return lines


def _line(values: Sequence[object]) -> str:
    cells = ["" if value is None else repr(value) if isinstance(value, float) else str(value) for value in values]
    return _csv([*cells, _checksum(cells)])


def _csv(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def _checksum(cells: Sequence[str]) -> str:
    return f"{zlib.crc32(chr(31).join(cells).encode()):08x}"  # 31 is ASCII's own separator of fields
