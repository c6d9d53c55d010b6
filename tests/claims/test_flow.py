"""Verdicts on flow matching, from tables and trajectories that were made for it (C10, C30)."""

import pytest
import torch

from claims import distances, flow
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE, named
from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.benchmark.students import of_tables
from diffusion_lessons.denoisers import Denoiser
from tests.benchmark.made import row, teacher

FLOW = schedules.flow()


def student(*distances: float, name: str = "student"):
    """A table of 1, 2, 4 and 8 steps of DDIM."""
    return [row(name, "ddim", k, d) for k, d in zip((1, 2, 4, 8), distances, strict=False)]


@pytest.mark.parametrize(
    ("distances", "spread", "verdict"),
    [
        ((1.5, 1.5, 1.5), 0.01, HOLDS),
        ((1.5, 2.5, 2.5), 0.01, CONDITION),
        ((2.5, 2.5, 2.5), 0.01, FAILS),
        ((1.5, 1.5, 1.5), 1.0, NOT_RESOLVABLE),
    ],
)
def test_flow_against_diffusion(tables, distances, spread, verdict):
    steps = (5, 10, 50)
    tables(
        mnist_flow=[row("flow", "ddim", k, d, spread) for k, d in zip(steps, distances, strict=True)],
        mnist_diffusion=[row("net", "ddim", k, 2.0) for k in steps] + [row("net", "dpm_solver_pp_2m", 10, 1.2)],
    )
    assert flow.flow_against_diffusion().verdict == verdict


def test_pairs_of_a_flow_are_shorter_than_random_ones():
    found = flow.straight_after_reflow_or_coupling()
    length = {number.tag: number.n for number in found.numbers if "length" in number.tag}
    random, reflow, transport = length.values()
    assert found.verdict == CONDITION and max(reflow, transport) < 0.5 * random


def bent(bend: float, own: float = 10.0, other: float = 20.0):
    return {name: named(name, value, 0.001) for name, value in (("bend", bend), ("own", own), ("other", other))}


def test_straightness_that_reflow_makes_does_not_come_by_itself():
    assert flow.straight_without_reflow(bent(0.05), bent(0.02)).verdict == FAILS
    assert flow.straight_without_reflow(bent(0.05), bent(0.05)).verdict == CONDITION
    assert flow.straight_without_reflow(bent(0.004), bent(0.004)).verdict == HOLDS


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
    evidence = flow.because_straight(*map(bent, bends), found)
    assert evidence.verdict == verdict and says in evidence.because


def test_a_network_with_one_velocity_is_straight(monkeypatch):
    """x_0 = x_T - u: of mean squared length |u|^2, and farther to the image that other noise becomes."""
    velocities = {
        "straight": lambda x, t, condition: torch.full_like(x, 0.5),
        "bent": lambda x, t, condition: 2 * t[:, None, None, None].expand_as(x),
    }
    nets = {name: Denoiser(net, FLOW, "velocity", classes=10, shape=(1, 4, 4)) for name, net in velocities.items()}
    monkeypatch.setattr(checkpoints, "load", nets.get)
    straight, curved = flow.trajectory("straight"), flow.trajectory("bent")
    assert straight["bend"].n == pytest.approx(0, abs=1e-9) and straight["own"].n == pytest.approx(4, rel=1e-5)
    assert straight["other"].n > 2 * straight["own"].n
    u = 2 * torch.arange(1, flow.STEPS + 1) / flow.STEPS  # what Euler reads: it is no even pace
    assert curved["bend"].n == pytest.approx(float(u.var(unbiased=False) / u.mean() ** 2), rel=1e-5)
    assert flow.straight_without_reflow(curved, straight).verdict == FAILS


def test_an_exact_second_flow_is_straight_and_arrives_in_one_step(monkeypatch):
    monkeypatch.setattr(distances, "SAMPLES", 300)
    monkeypatch.setattr(distances, "SEEDS", 2)
    monkeypatch.setattr(flow, "distance", distances.distance.__wrapped__)
    monkeypatch.setattr(distances, "floor", distances.floor.__wrapped__)
    assert flow.one_step_after_an_exact_reflow().verdict == HOLDS
