"""A teacher and its students in few evaluations, read from their measured tables.

    found = family("mnist-flow", "mnist-reflow")
    found.best(1)          # the student that is nearest to the data in one evaluation

Distances are taken beyond the floor, which is what real images score at the same count: near it, a distance that looks
half as large may be ten times nearer to the data. The floor is known with an error of its own. All rows share it, so it
counts once in a ratio and drops out where two distances are alike.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uncertainties import UFloat

from diffusion_lessons.benchmark import shipped as stored
from diffusion_lessons.benchmark.plans import ASYMPTOTE, FIRST
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.table import SUFFIX
from diffusion_lessons.checkpoints import cards as weights
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.errors import measured

NEAR = 1.5  # times the distance of the teacher's asymptote: a good student of four


def above_floor(row: Measurement, metric: str = "frechet") -> UFloat:
    """Distance beyond the floor, d - f; its error is that of both."""
    return row.quality[metric].above_floor


def difference(row: Measurement, other: Measurement, factor: float = 1.0, metric: str = "frechet") -> UFloat:
    """(d - f) - factor (d' - f): below 0 where a row is nearer than `factor` times as far as another.

    Unlike a ratio it keeps its meaning where the other lies at the floor.
    """
    return above_floor(row, metric) - factor * above_floor(other, metric)


def ratio(row: Measurement, other: Measurement, metric: str = "frechet") -> UFloat:
    """(d - f) / (d' - f), with the error of first order; infinite where the other does not lie above the floor."""
    bottom = above_floor(other, metric)
    return above_floor(row, metric) / bottom if bottom.n > 0 else measured(math.inf, math.inf)


@dataclass(frozen=True)
class Family:
    """Comparable rows of a teacher and of its students, all of one sample count."""

    teacher: str
    students: tuple[str, ...]
    rows: tuple[Measurement, ...]
    first: Measurement  # the teacher's DDIM in one step
    asymptote: Measurement  # and what it reaches in many

    def best(self, evaluations: int, *, taught: bool = True) -> Measurement:
        """The row nearest to the data with at most so many evaluations: of the students, or of the teacher.

        Raises NotMeasured where nothing was measured with so few.
        """
        fits = [row for row in self.rows if row.nfe <= evaluations and (row.checkpoint != self.teacher) == taught]
        if not fits:
            whose = " or ".join(self.students) if taught else self.teacher
            raise stored.NotMeasured(f"{whose} with at most {evaluations} evaluations")
        return min(fits, key=lambda row: row.quality["frechet"].value)


def family(teacher: str, *students: str, samples: int | None = None) -> Family:
    """The shipped tables of a teacher and of these students, or of all that it has, at one sample count.

    Raises FileNotFoundError where one was not measured at all, NotMeasured where the teacher's one step or asymptote
    is missing or where no sample count is common to all, saying which counts there are.
    """
    return of_tables(stored.rows(teacher), *map(stored.rows, students or students_of(teacher)), samples=samples)


def of_tables(teacher: list[Measurement], *students: list[Measurement], samples: int | None = None) -> Family:
    """The same of tables at hand, the teacher's first."""
    if not students:
        raise stored.NotMeasured("a table of at least one student beside its teacher's")
    rows = stored.comparable(teacher, *students, samples=samples)
    own = [row for row in rows if row.checkpoint == teacher[0].checkpoint]
    first, asymptote = (stored.find(own, each) for each in (FIRST, ASYMPTOTE))
    names = tuple(each[0].checkpoint for each in students)
    return Family(teacher[0].checkpoint, names, tuple(rows), first, asymptote)


def students_of(teacher: str) -> tuple[str, ...]:
    """The measured checkpoints that descend from a teacher, by their cards: its students, and theirs."""
    measured = [file.stem for file in sorted(places.measurements().glob(f"*{SUFFIX}"))]
    return tuple(name for name in measured if name != teacher and root_teacher(name) == teacher)


def root_teacher(name: str) -> str:
    """The checkpoint that was trained on data, at the end of a chain of teachers; itself for such a one."""
    student = _card(name).get("distillation")
    return name if student is None else root_teacher(Path(student["teacher"]).stem)


def method_of(name: str) -> str:
    """What a figure calls a checkpoint: students bound to 8, 4, 2 and 1 steps are one method, "mnist-progressive"."""
    times = _card(name).get("times")
    return name.removesuffix(f"-{len(times)}") if times else name


def _card(name: str) -> dict[str, Any]:
    """A shipped checkpoint's card; empty for one that does not ship, about whose teachers nothing is known."""
    return weights.read_card(name) if (places.checkpoints() / f"{name}.safetensors").is_file() else {}
