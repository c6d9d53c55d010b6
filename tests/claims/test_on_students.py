"""Verdicts on few evaluations, from tables and ways that were made for it."""

import pytest
import torch

from claims import distances as laws
from claims import on_students
from claims.ledger import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, Number
from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark.students import of_tables
from diffusion_lessons.denoisers import Denoiser
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
    found = on_students.taking_over(of_tables(teacher(), student(*distances, spread=spread)))
    assert found.verdict == verdict and says in found.because
    assert found.checkpoints == {"net": "net", "student": "student"}


def test_the_two_goals_are_among_its_numbers():
    found = on_students.taking_over(of_tables(teacher(), student(4.0, 3.0, 1.5)))
    closer, near = found.numbers[-2:]
    assert closer.value == pytest.approx(12 / 3) and near.value == pytest.approx(0.5 / 0.4)
    assert "4 times nearer to the floor" in found.because and "1.25 times that" in found.because


def test_a_row_of_another_count_is_waited_for():
    with pytest.raises(LookupError, match="equally many samples"):
        on_students.taking_over(of_tables(teacher(), [row("student", "ddim", 1, 2.0, samples=500)]))


def walked(bend: float, own: float = 10.0, other: float = 20.0):
    return {name: Number(name, value, 0.001) for name, value in (("bend", bend), ("own", own), ("other", other))}


def test_straightness_that_reflow_makes_does_not_come_by_itself():
    assert on_students.straight_before(walked(0.05), walked(0.02)).verdict == FAILS
    assert on_students.straight_before(walked(0.05), walked(0.05)).verdict == CONDITION
    assert on_students.straight_before(walked(0.004), walked(0.004)).verdict == HOLDS


@pytest.mark.parametrize(
    ("bends", "distances", "verdict", "says"),
    [
        ((0.05, 0.02), (2.0, 1.5, 1.4), HOLDS, "8 steps on the first flow and 2 on the second"),
        ((0.05, 0.02), (9.0, 8.0, 7.0, 5.0), CONDITION, "8 steps on the first flow and more than 8 on the second"),
        ((0.05, 0.05), (9.0, 8.0, 7.0, 5.0), FAILS, "not straighter"),
    ],
)
def test_straightness_counts_where_it_saves_steps(bends, distances, verdict, says):
    found = of_tables(teacher("mnist-flow"), student(*distances, name="mnist-reflow"))
    evidence = on_students.because_straight(*map(walked, bends), found)
    assert evidence.verdict == verdict and says in evidence.because


def test_a_network_with_one_velocity_walks_straight(monkeypatch):
    """x_0 = x_T - u: of mean squared length |u|^2, and farther to the image that other noise becomes."""
    ways = {
        "straight": lambda x, t, condition: torch.full_like(x, 0.5),
        "bent": lambda x, t, condition: 2 * t[:, None, None, None].expand_as(x),
    }
    nets = {name: Denoiser(net, FLOW, "velocity", classes=10, shape=(1, 4, 4)) for name, net in ways.items()}
    monkeypatch.setattr(checkpoints, "load", nets.get)
    straight, bent = on_students.walk("straight"), on_students.walk("bent")
    assert straight["bend"].value == pytest.approx(0, abs=1e-9) and straight["own"].value == pytest.approx(4, rel=1e-5)
    assert straight["other"].value > 2 * straight["own"].value
    u = 2 * torch.arange(1, on_students.STEPS + 1) / on_students.STEPS  # what Euler reads: it is no even pace
    assert bent["bend"].value == pytest.approx(float(u.var(unbiased=False) / u.mean() ** 2), rel=1e-5)
    assert on_students.straight_before(bent, straight).verdict == FAILS


def test_exact_students_arrive_in_one_step(monkeypatch):
    monkeypatch.setattr(laws, "SAMPLES", 300)
    monkeypatch.setattr(laws, "SEEDS", 2)
    monkeypatch.setattr(on_students, "distance", laws.distance.__wrapped__)
    monkeypatch.setattr(on_students, "floor", laws.floor.__wrapped__)
    assert on_students.one_step_after_an_exact_reflow().verdict == HOLDS
    jump = on_students.distance("consistency", 1, "broad", FLOW, exact="consistency function")
    assert jump.value < 0.2 * on_students.distance("ddim", 1, "broad", FLOW).value
    assert jump.name == "broad: consistency, exact consistency function, 1 steps"
