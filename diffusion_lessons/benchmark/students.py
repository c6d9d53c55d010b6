"""A teacher and its students in few evaluations, read from their measured tables.

    flows = family("mnist-flow", "mnist-reflow")
    flows.best(1)          # the student that is nearest to the data in one evaluation

Distances are measured from the floor, which is what real images score at the same count: near the floor, half the
distance may be ten times nearer to the data. The floor has an error of its own. All rows share it, so it enters a ratio
only once and cancels where two distances are equal.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uncertainties import UFloat

from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.plans import ASYMPTOTE, FIRST
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.table import SUFFIX
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.errors import measured

NEAR = 1.5  # a good student in four evaluations lies within this many times the teacher's asymptote


def above_floor(row: Measurement, metric: str = "frechet") -> UFloat:
    """The distance beyond the floor, d - f, with the error that follows from both.

    Raises NotMeasured where the row has no such figure, or one of older code, whose error pairs with no other's.
    """
    if metric not in row.quality:
        raise shipped.NotMeasured(f"{metric} of {row.settings} on {row.checkpoint}")
    try:
        return row.quality[metric].above_floor
    except ValueError as error:
        raise shipped.NotMeasured(f"{row.settings} on {row.checkpoint}: {error}") from error


def difference(row: Measurement, other: Measurement, factor: float = 1.0, metric: str = "frechet") -> UFloat:
    """(d - f) - factor (d' - f): negative where the row is less than `factor` times as far as the other.

    Unlike a ratio it keeps its meaning where the other lies at the floor. Raises ValueError where the rows do not
    share their noise and their real images, as those of one sample count and seed do.
    """
    check_pair(row, other)
    return above_floor(row, metric) - factor * above_floor(other, metric)


def ratio(row: Measurement, other: Measurement, metric: str = "frechet") -> UFloat:
    """(d - f) / (d' - f), with its error to first order; infinite where the other does not lie above the floor.

    Raises ValueError as `difference` does.
    """
    check_pair(row, other)
    bottom = above_floor(other, metric)
    return above_floor(row, metric) / bottom if bottom.n > 0 else measured(math.inf, math.inf)


def check_pair(row: Measurement, other: Measurement) -> None:
    """Raise ValueError where two rows do not share what makes them a pair: count, seed, features, real images."""
    for name in ("samples", "seed", "features_sha256", "reference_sha256"):
        one, another = getattr(row, name), getattr(other, name)
        if one != another:
            raise ValueError(f"two rows are compared in pairs where they share {name}; these have {one} and {another}")


@dataclass(frozen=True)
class Family:
    """Comparable rows of a teacher and of its students, all of one sample count."""

    teacher: str
    students: tuple[str, ...]
    rows: tuple[Measurement, ...]
    first: Measurement  # of the teacher, DDIM in one step
    asymptote: Measurement  # of the teacher, in many steps

    def best(self, evaluations: int, *, taught: bool = True) -> Measurement:
        """The row nearest to the data with at most this many evaluations: a student's, or (not `taught`) the teacher's.

        Raises NotMeasured where no row has so few.
        """
        fits = [row for row in self.rows if row.nfe <= evaluations and (row.checkpoint != self.teacher) == taught]
        if not fits:
            whose = " or ".join(self.students) if taught else self.teacher
            raise shipped.NotMeasured(f"{whose} with at most {evaluations} evaluations")
        return min(fits, key=lambda row: row.quality["frechet"].value)


def family(teacher: str, *students: str, samples: int | None = None) -> Family:
    """The shipped tables of a teacher and of these students, or of all that it has, at one sample count.

    Raises FileNotFoundError where one was not measured at all, NotMeasured where the teacher's one step or asymptote
    is missing or where no sample count is common to all, saying which counts there are.
    """
    return of_tables(shipped.rows(teacher), *map(shipped.rows, students or students_of(teacher)), samples=samples)


def of_tables(teacher: list[Measurement], *students: list[Measurement], samples: int | None = None) -> Family:
    """The same from tables in memory, the teacher's first."""
    if not students:
        raise shipped.NotMeasured("a table of at least one student beside its teacher's")
    rows = shipped.comparable(teacher, *students, samples=samples)
    own = [row for row in rows if row.checkpoint == teacher[0].checkpoint]
    first, asymptote = (shipped.find(own, settings) for settings in (FIRST, ASYMPTOTE))
    names = tuple(table[0].checkpoint for table in students)
    return Family(teacher[0].checkpoint, names, tuple(rows), first, asymptote)


def students_of(teacher: str) -> tuple[str, ...]:
    """The measured checkpoints that descend from a teacher, by their cards: its students, and theirs."""
    measured = [file.stem for file in sorted(places.measurements().glob(f"*{SUFFIX}"))]
    return tuple(name for name in measured if name != teacher and root_teacher(name) == teacher)


def root_teacher(name: str) -> str:
    """The checkpoint that was trained on data, at the end of a chain of teachers; the name itself if it has none."""
    student = _card(name).get("distillation")
    return name if student is None else root_teacher(Path(student["teacher"]).stem)


def method_of(name: str) -> str:
    """A checkpoint's name in figures: students bound to 8, 4, 2 and 1 steps share one, "mnist-progressive"."""
    times = _card(name).get("times")
    return name.removesuffix(f"-{len(times)}") if times else name


def _card(name: str) -> dict[str, Any]:
    """A shipped checkpoint's card; empty for one that does not ship, whose teachers are unknown."""
    return cards.read_card(name) if (places.checkpoints() / f"{name}.safetensors").is_file() else {}
