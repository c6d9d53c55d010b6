"""A check calls a function many times; of what the function prints, a page needs a few lines."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TextIO


class _FirstLines(io.TextIOBase):
    """Passes on the first lines and counts the others."""

    def __init__(self, out: TextIO, most: int):
        self.out, self.left, self.dropped = out, most, 0

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            ends = line.endswith("\n")
            if self.left > 0:
                self.out.write(line)
                self.left -= ends
            else:
                self.dropped += ends
        return len(text)


@contextmanager
def first_lines(most: int) -> Iterator[None]:
    """Let through the first `most` lines that are printed inside, and say how many more there were; with 0, nothing."""
    few = _FirstLines(sys.stdout, most)
    try:
        with redirect_stdout(few):
            yield
    finally:
        if most and few.dropped:
            lines = "line" if few.dropped == 1 else "lines"
            print(f"... and {few.dropped:,} {lines} more: a check calls the function many times")
