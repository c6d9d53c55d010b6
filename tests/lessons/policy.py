"""How the lessons are checked: a pytest plugin on top of nbval, which runs them and compares every output.

python -m pytest -p nbval -p tests.lessons.policy notebooks/lessons

Text and whole numbers must be exactly as stored. Numbers with a decimal point may differ by 0.2 %, or by one unit of
their last digit if they have three digits or more: another CPU rounds differently. A cell whose numbers come from a
training run says how far they may differ by a tag: "within-5%" of each number, or "within-0.05". Pictures are drawn and
not compared, so a picture's claim stands in its caption, which is. Nothing may connect to another machine.
"""

import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbval.kernel
import nbval.plugin
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from lesson_files import set_surroundings

from diffusion_lessons.commands.saved_notebooks import is_progress

CELL_SECONDS = 120
TEXTS = ("text/plain", "text/html", "text/latex", "text/markdown")
NUMBER = re.compile(r"(?<![\w.])([-+]?\d+\.\d+(?:[eE][-+]?\d+)?)(?![\w.]*\w)")


WITHIN = re.compile(r"within-(\d+(?:\.\d+)?)(%?)")


class Tolerance(NamedTuple):
    """By how much a number may differ from the stored one: as a share of it, and in all."""

    relative: float = 2e-3
    absolute: float = 0.0


ROUNDING = Tolerance()


def tolerance(tags: list[str]) -> Tolerance:
    """What a cell's tags allow; a UsageError for a tag that begins like one and is none."""
    for tag in tags:
        if found := WITHIN.fullmatch(tag):
            value = float(found[1])
            return Tolerance(relative=value / 100) if found[2] else Tolerance(absolute=value)
        if tag.startswith("within"):
            raise pytest.UsageError(f'the tag {tag!r} is no tolerance; write "within-5%" or "within-0.05"')
    return ROUNDING


def close(stored: str, new: str, allowed: Tolerance = ROUNDING) -> bool:
    """Whether two numbers, as printed, are the same but for rounding on another machine, or for what a cell allows."""
    mantissa, _, exponent = stored.lower().partition("e")
    digits = re.sub(r"^[-+]?0*\.?0*|\.", "", mantissa)
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2])) if len(digits) >= 3 else 0.0
    return math.isclose(float(stored), float(new), rel_tol=allowed.relative, abs_tol=1.01 * max(unit, allowed.absolute))


def same(stored: str, new: str, allowed: Tolerance = ROUNDING) -> bool:
    """Whether two outputs agree: the words exactly, the numbers with a decimal point closely."""
    old, young = NUMBER.split(stored), NUMBER.split(new)  # words and numbers in turn
    numbers = zip(old[1::2], young[1::2], strict=False)
    return old[::2] == young[::2] and all(close(a, b, allowed) for a, b in numbers)


def pytest_configure(config):
    config.option.nbval = config.option.nbval_current_env = True
    config.option.nbval_cell_timeout = CELL_SECONDS
    set_surroundings()


def pytest_collection_modifyitems(items):
    for item in items:
        if isinstance(item, nbval.plugin.IPyNbCell) and item.cell.source.strip() and item.cell.execution_count is None:
            raise pytest.UsageError(f"{item.nodeid} was stored without having been run: there is nothing to compare")


def compare_outputs(self, test, ref, skip_compare=None, exactly=nbval.plugin.IPyNbCell.compare_outputs):
    """nbval's comparison, after an output that agrees with the stored one has been replaced by it."""
    allowed = tolerance(self.cell.metadata.get("tags", []))
    test = [output for output in test if not is_progress(output.get("data", {}))]  # no stored page shows one
    for new, stored in zip(test, ref, strict=False):
        if "text" in new and "text" in stored and same(stored["text"], new["text"], allowed):
            new["text"] = stored["text"]
        data, expected = new.get("data", {}), stored.get("data", {})
        for kind in TEXTS:
            if kind in data and kind in expected and same(expected[kind], data[kind], allowed):
                data[kind] = expected[kind]
    return exactly(self, test, ref, skip_compare)


def execute_cell_input(self, cell_input, allow_stdin=None):
    """With a history, so that a trailing semicolon silences a cell here as it does for a reader (nbval issue 194)."""
    return self.kc.execute(cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


nbval.plugin.IPyNbCell.compare_outputs = compare_outputs
nbval.kernel.RunningKernel.execute_cell_input = execute_cell_input
