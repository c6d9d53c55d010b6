"""Where the project's files are: in a clone of the repository, or in an installed package. Only this file asks which.

What the package brings with it (checkpoints, measured tables) is there in both; only a clone has the assignments, and
the right to write new tables for the course.
"""

import os
import tomllib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]  # the folder diffusion_lessons
PROJECT = "diffusion-lessons"  # the name in this project's pyproject.toml
CLASSIFIERS = Path("runs/classifiers")  # where the command line keeps the classifiers that it trains


def expanded(path: str | Path) -> Path:
    """A path with ~ and ~user replaced by their folders; unchanged where there is no such user, or no home.

    Raises ValueError for what is no path, and for an empty text, which would stand for the current folder.
    """
    if not isinstance(path, str | os.PathLike) or path == "":
        raise ValueError(f"expected a path, as a text or a pathlib.Path; got {path!r}. The current folder is '.'")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def clone() -> Path | None:
    """The clone that this code is part of; None for an installed package, whatever lies beside it."""
    declaration = PACKAGE.parent / "pyproject.toml"
    try:
        project = tomllib.loads(declaration.read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):  # none there, or one that is not readable as TOML
        return None
    return PACKAGE.parent if project.get("name") == PROJECT else None


def clone_for(purpose: str) -> Path:
    """The clone, for a purpose that needs one ("--ship writes ..."). Raises FileNotFoundError where there is none."""
    folder = clone()
    if folder is None:
        raise FileNotFoundError(
            f"{purpose}: that needs a clone of the repository, and this is an installed package, in {PACKAGE}"
        )
    return folder


def datasets() -> Path:
    """Where downloads land: DIFFUSION_LESSONS_DATA, or a clone's `datasets/`, or the user's cache folder."""
    if setting := os.environ.get("DIFFUSION_LESSONS_DATA"):
        return expanded(setting)
    if (folder := clone()) is not None:
        return folder / "datasets"
    return expanded(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / PROJECT


def measurements() -> Path:
    """The measured tables that come with the course: a clone's `datasets/measurements/`, or a folder of the package."""
    folder = clone()
    return PACKAGE / "measurements" if folder is None else folder / "datasets" / "measurements"


def checkpoints() -> Path:
    """The trained networks that come with the package, and their cards."""
    return PACKAGE / "checkpoints"


def assignments() -> Path:
    """The sources of the assignments. Raises FileNotFoundError in an installed package, which has none."""
    return clone_for("assignments are built from their sources") / "notebooks" / "assignments" / "source"
