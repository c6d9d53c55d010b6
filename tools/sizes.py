"""How long a file and how full a folder may be: `python tools/sizes.py`, which `make lint` runs, names what is over."""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("diffusion_lessons", "claims", "benchmarks", "tests", "tools", "website")
MOST_LINES = 280  # of one file: one idea, read in one sitting
MOST_FILES = 16  # of one folder, `__init__.py` left out: more than that nobody keeps in mind


def too_large(root: Path = ROOT) -> list[str]:
    """A line for each Python file that is too long and each folder that is too full."""
    files = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    counts = Counter(path.parent for path in files if path.name != "__init__.py")
    long = [
        f"{path.relative_to(root)} has {lines} lines, at most {MOST_LINES}: more than one idea?"
        for path, lines in lengths.items()
        if lines > MOST_LINES
    ]
    full = [
        f"{folder.relative_to(root)} has {count} files, at most {MOST_FILES}: more than one room?"
        for folder, count in counts.items()
        if count > MOST_FILES
    ]
    return long + full


if __name__ == "__main__":
    sys.exit("\n".join(too_large()) or None)
