"""Verdicts on few evaluations, from tables that were made for it (C3)."""

import pytest

from claims import distances, few_steps
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE
from diffusion_lessons import schedules
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.students import of_tables
from tests.benchmark.made import row, teacher

FLOW = schedules.flow()


def student(*distances: float, name: str = "student", spread: float = 0.01):
    """A table of 1, 2, 4 and 8 steps of DDIM; the teacher of `made` has 13, 5, 2 and 1.4."""
    return [row(name, "ddim", k, d, spread) for k, d in zip((1, 2, 4, 8), distances, strict=False)]


@pytest.mark.parametrize(
    ("distances", "spread", "verdict", "says"),
    [
        ((2.0, 1.8, 1.3, 1.2), 0.01, HOLDS, "in 4 of 4 cases, and farther in 0"),
        ((2.0, 1.8, 1.6, 1.5), 0.01, CONDITION, "in 3 of 4 cases, and farther in 1"),
        ((14.0, 9.0, 3.0, 2.0), 0.01, FAILS, "in 0 of 4 cases, and farther in 4"),
        ((12.9, 4.9, 1.9, 1.3), 0.1, NOT_RESOLVABLE, "in 0 of 4 cases, and farther in 0"),
    ],
)
def test_students_take_over_where_they_are_nearer_beyond_the_spread(distances, spread, verdict, says):
    found = few_steps.taking_over(of_tables(teacher(), student(*distances, spread=spread)))
    assert found.verdict == verdict and says in found.because
    assert found.checkpoints == {"net": "net", "student": "student"}


def test_the_two_goals_are_among_its_numbers():
    found = few_steps.taking_over(of_tables(teacher(), student(4.0, 3.0, 1.5)))
    closer, near = found.numbers[-2:]
    assert closer.n == pytest.approx(12 / 3) and near.n == pytest.approx(0.5 / 0.4)
    assert "4 times nearer to the floor" in found.because and "1.25 times that" in found.because


def test_a_row_of_another_count_is_waited_for():
    with pytest.raises(NotMeasured, match="equally many samples"):
        few_steps.taking_over(of_tables(teacher(), [row("student", "ddim", 1, 2.0, samples=500)]))


def test_an_exact_student_arrives_in_one_step(monkeypatch):
    monkeypatch.setattr(distances, "SAMPLES", 300)
    monkeypatch.setattr(distances, "SEEDS", 2)
    jump = distances.distance.__wrapped__("consistency", 1, "broad", FLOW, exact="consistency function")
    assert jump.n < 0.2 * distances.distance.__wrapped__("ddim", 1, "broad", FLOW).n
    assert jump.tag == "broad: consistency, exact consistency function, 1 steps"
