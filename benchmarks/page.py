"""Docs whose tables are written by the benchmarks: between marks, so that the prose around them stays."""

from pathlib import Path

from diffusion_lessons.machine.files import write_atomically

PAGE = Path(__file__).resolve().parents[1] / "docs/training_speed.md"


def write(lines: list[str], name: str) -> None:
    """Put the lines between the marks "measured on NAME" and "end of NAME" of the page."""
    marks = f"<!-- measured on {name} -->", f"<!-- end of {name} -->"
    before, rest = PAGE.read_text(encoding="utf-8").split(marks[0], 1)
    after = rest.split(marks[1], 1)[1]
    write_atomically(PAGE, "\n".join([before + marks[0], *lines, marks[1] + after]).encode())
