"""Straight lines have no curvature; others have the one that geometry gives them."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.samplers import State
from diffusion_lessons.toys.exact_ode import exact_flow
from diffusion_lessons.toys.straightness import crossings, excess_length, straightness

FLOW = schedules.flow()


def along(curve, N=400):
    """States at N + 1 even times of x(t), t from 1 to 0, for one point."""
    return [State(1 - k / N, torch.tensor([curve(1 - k / N)], dtype=torch.float64), None) for k in range(N + 1)]


def test_a_straight_even_way_has_none():
    states = along(lambda t: [3 * t, 1 - t])
    assert straightness(states) == pytest.approx(0, abs=1e-12)
    assert excess_length(states) == pytest.approx(0, abs=1e-12)


def test_a_straight_uneven_way_is_not_straight_in_time():
    """x = t^2: velocity 2t against 1, int (2t - 1)^2 dt = 1/3; its length is its chord."""
    states = along(lambda t: [t**2, 0.0])
    assert straightness(states) == pytest.approx(1 / 3, rel=1e-3)
    assert excess_length(states) == pytest.approx(0, abs=1e-12)


def test_half_a_circle():
    states = along(lambda t: [math.cos(math.pi * t), math.sin(math.pi * t)])
    assert excess_length(states) == pytest.approx(math.pi / 2 - 1, rel=1e-3)
    assert straightness(states) == pytest.approx(math.pi**2 / 4 - 1, rel=1e-3)  # E |v|^2 / |chord|^2 - 1


def test_the_flow_to_a_point_is_straight_and_that_to_two_is_not():
    times = FLOW.grid(50)
    x = FLOW.prior((64, 1), generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def both(means, stds):
        denoise = toys.GaussianMixture(means, stds=stds).denoiser(FLOW)
        return samplers.trace(samplers.heun, denoise, x, FLOW, times)

    assert straightness(both([[1.0]], 0.0)) < 1e-12
    assert straightness(both([[1.0], [-1.0]], 0.1)) > 0.05


def test_a_sampler_s_way_has_the_curvature_of_the_exact_flow():
    denoise = toys.GaussianMixture([[1.0, 0.0], [-1.0, 0.5]], stds=0.2).denoiser(FLOW)
    x = FLOW.prior((16, 2), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    times = FLOW.grid(40)
    exact = exact_flow(denoise, x, FLOW, times, 1e-8)
    walked = samplers.trace(samplers.heun, denoise, x, FLOW, times)
    assert straightness(walked) == pytest.approx(straightness(exact), rel=0.02)
    assert excess_length(walked) == pytest.approx(excess_length(exact), rel=0.02)


def test_one_step_tells_nothing():
    with pytest.raises(ValueError, match="straight by construction"):
        straightness(along(lambda t: [t, t], N=1))


def test_ways_of_an_ode_do_not_cross_and_lines_do():
    def line(*x):
        return State(float(x[0]), torch.tensor(x[1:]), None)

    assert crossings([line(1, 0.0, 1.0, 2.0), line(0, 5.0, 6.0, 7.0)]) == 0
    assert crossings([line(1, 0.0, 1.0, 2.0), line(0, 2.0, 1.0, 0.0)]) == 3
    assert crossings([line(1, 0.0, 1.0, 2.0), line(0, 0.0, 2.0, 1.0)]) == 1


def test_numbers_have_a_straightness_as_well():
    states = [State(1.0, torch.tensor([0.0, 1.0]), None), State(0.5, torch.tensor([1.0, 1.0]), None)]
    states.append(State(0.0, torch.tensor([1.0, 2.0]), None))
    rows = [State(state.t, state.x[:, None], None) for state in states]
    assert straightness(states) == straightness(rows) and excess_length(states) == excess_length(rows)
