"""The adaptive DPM-Solver: tolerance against cost, both ends of a path, and what it refuses."""

import math

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.denoisers import count_calls
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.toys.exact_ode import exact_flow
from tests.paths import PATHS
from tests.samplers.problems import MIXTURE, POINT, noise, rms

LINEAR = schedules.ddpm_linear()


def adaptive(path, times, denoise=None, x=None, **options):
    denoise = count_calls(denoise if denoise is not None else MIXTURE.denoiser(path))
    x = noise(path) if x is None else x
    return samplers.trace(samplers.dpm_solver_adaptive, denoise, x, path, times, **options), denoise.nfe


@pytest.mark.parametrize("pair", ["12", "23"])
def test_a_tighter_tolerance_costs_more_and_errs_less(pair):
    path, end = LINEAR, 5.0
    exact = exact_flow(MIXTURE.denoiser(path), noise(path), path, (path.T, end))[-1].x
    errors, costs = [], []
    for tolerance in (1e-1, 1e-2, 1e-3):
        states, nfe = adaptive(path, (path.T, end), pair=pair, rtol=tolerance, atol=tolerance)
        errors.append(rms(states[-1].x - exact))
        costs.append(nfe)
        assert states[-1].t == end
    assert errors[0] > errors[1] > errors[2] and errors[2] < 2e-3
    assert costs[0] < costs[1] < costs[2]


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_adaptive_reaches_the_data_from_every_start(path):
    states, _ = adaptive(path, (path.T, 0.0), rtol=1e-3, atol=1e-3, progress=True)
    exact = exact_flow(MIXTURE.denoiser(path), noise(path), path, (path.T, 0.0), 1e-9)[-1].x
    times = [state.t for state in states]
    assert times[0] == path.T and times[-1] == 0.0 and sorted(times, reverse=True) == times
    # the last step, from t_min, is DDIM's: on the short table that is a step as long as the path's first
    assert rms(states[-1].x - exact) < (0.2 if path.card.get("T", 4) == 10 or path.T == 4 else 0.01)


def test_adaptive_between_the_infinite_ends():
    path = PATHS["zero_terminal"]
    (_, state), nfe = adaptive(path, (4.0, 3.9999))  # ends before lambda is worth the name
    assert state.t == 3.9999 and nfe == 1
    assert [state.t for state in adaptive(LINEAR, (1.0, 0.0))[0]] == [1.0, 0.0]


def test_adaptive_takes_point_masses_in_great_strides():
    states, nfe = adaptive(LINEAR, (LINEAR.T, 0.0), POINT.denoiser(LINEAR))
    assert torch.allclose(states[-1].x, POINT.means, atol=1e-9) and nfe < 15


@pytest.mark.parametrize("times", [(1000.0, 500.0, 0.0), LINEAR.grid(20)])
def test_adaptive_refuses_a_grid(times):
    with pytest.raises(ValueError, match="chooses its own times"):
        samplers.dpm_solver_adaptive(MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, times)


@pytest.mark.parametrize("option", [{"rtol": 0.0}, {"atol": -1.0}, {"pair": "34"}, {"rtol": float("nan")}])
def test_adaptive_refuses_options(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))} must be"):
        samplers.dpm_solver_adaptive(MIXTURE.denoiser(LINEAR), noise(LINEAR), LINEAR, (1000.0, 0.0), **option)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_adaptive_stops_at_a_broken_denoiser(value):
    def broken(x, t):
        seen = MIXTURE.denoiser(LINEAR)(x, t)
        return Estimate(seen.x0, seen.eps * (value if t < 500 else 1.0))

    with pytest.raises(FloatingPointError, match="NaN or infinite"):
        adaptive(LINEAR, (1000.0, 0.0), broken)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("options", [{}, {"rtol": 1e-3, "atol": 1e-3}])
def test_a_step_too_long_is_rejected_in_half_precision_too(dtype, options):
    """The squared error of a rejected step is beyond float16's 65504. A function without a type is asked in x's."""
    for path in (PATHS["cosine"], PATHS["flow"]):
        exact, asked = MIXTURE.denoiser(path), set()

        def function(x, t, exact=exact, asked=asked):
            asked.add(x.dtype)
            return exact(x, t)

        x = noise(path, dtype=torch.float32).to(dtype)
        for denoise in (exact, function):
            end = samplers.sample(samplers.dpm_solver_adaptive, denoise, x, path, (path.T, 0.0), **options)
            single = samplers.sample(samplers.dpm_solver_adaptive, exact, x.float(), path, (path.T, 0.0), **options)
            assert end.dtype == dtype and rms(end.float() - single) < 0.05
        assert asked == {dtype}


def test_numbers_are_sampled_as_well():
    """x [B], one number each, as on the first rung."""
    path, x = schedules.flow(), torch.linspace(-1.5, 1.5, 5, dtype=torch.float64)
    denoise = toys.GaussianMixture([-1.0, 1.0], stds=0.3).denoiser(path)
    numbers = samplers.sample(samplers.dpm_solver_adaptive, denoise, x, path, (1.0, 0.0), rtol=1e-4)
    many_steps = samplers.sample(samplers.dpm_solver_pp_2m, denoise, x, path, path.grid(400))
    assert torch.allclose(numbers, many_steps, atol=5e-3)
