"""How far trajectories are from straight lines: what decides how few steps a flow needs.

The measures read the States of `trace`, or of `exact_flow` for the same denoiser without a sampler's error.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch

from diffusion_lessons.samplers.base import State


def straightness(states: Sequence[State]) -> float:
    """S = E int |v(x_t, t) - v_bar|^2 dt / E |v_bar|^2, v_bar = (x_T - x_0) / T the velocity of a straight line.

    Liu et al. 2022, section 2.2, divided by the mean square of v_bar; velocities are those between neighbouring States.
    At 0 every trajectory is straight and of constant speed, so that one Euler step is exact. It is meant for flow
    paths: on others the scale of x changes with t, so that the speed along a straight line changes as well.
    """
    _require_two_steps(states)
    chord = _velocity(states[0], states[-1])
    span = states[0].t - states[-1].t
    bends = sum((a.t - b.t) / span * _mean_square(_velocity(a, b) - chord) for a, b in pairwise(states))
    return bends / _mean_square(chord)


def excess_length(states: Sequence[State]) -> float:
    """E [length of the trajectory] / E [distance between its ends] - 1: 0 for straight lines, at whatever speed."""
    _require_two_steps(states)
    length = sum(_distance(a, b) for a, b in pairwise(states))
    return length / _distance(states[0], states[-1]) - 1


def crossings(states: Sequence[State]) -> int:
    """How many pairs of numbers, x [B] in each State, change their order between the first State and the last.

    The trajectories of one ODE in one dimension never cross; lines between noise and data paired at random do.
    """
    before, after = (torch.sign(state.x[:, None] - state.x[None, :]) for state in (states[0], states[-1]))
    return int((before * after < 0).sum()) // 2


def _require_two_steps(states: Sequence[State]) -> None:
    if len(states) < 3:
        raise ValueError(f"a trajectory of {len(states) - 1} steps is straight by construction; give at least 2 steps")


def _velocity(a: State, b: State) -> torch.Tensor:
    return (a.x - b.x).reshape(len(a.x), -1).double() / (a.t - b.t)  # [B, d]


def _mean_square(v: torch.Tensor) -> float:
    return v.square().sum(dim=1).mean().item()


def _distance(a: State, b: State) -> float:
    return (a.x - b.x).reshape(len(a.x), -1).double().norm(dim=1).mean().item()
