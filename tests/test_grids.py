"""Grids: their length, their ends, their agreement with the papers and with diffusers."""

from itertools import pairwise

import diffusers
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffusion_lessons import grids, schedules
from tests.paths import PATHS

PATH_NAMES = st.sampled_from(sorted(PATHS))


@given(name=PATH_NAMES, steps=st.integers(1, 1000), spacing=st.sampled_from(grids.SPACINGS))
def test_every_grid_has_exactly_steps_plus_one_falling_times_down_to_zero(name, steps, spacing):
    path = PATHS[name]
    if path.whole_times and spacing not in ("logsnr", "karras") and steps > path.T:
        with pytest.raises(ValueError, match=f"{steps} steps asked of a grid with {path.T:.0f} distinct times"):
            path.grid(steps, spacing)
        return
    times = path.grid(steps, spacing)
    assert len(times) == steps + 1 and times[-1] == 0 and times[0] <= path.T
    assert all(before > after for before, after in pairwise(times))
    if spacing in ("trailing", "linspace", "quadratic"):
        assert times[0] == path.T
    if spacing in ("logsnr", "karras"):
        assert times[0] == path.t_max and (steps == 1 or times[-2] == path.t_min)


@given(name=PATH_NAMES, steps=st.integers(1, 60), spacing=st.sampled_from(grids.SPACINGS), share=st.floats(0.05, 0.5))
def test_a_stated_t_min_is_the_last_time(name, steps, spacing, share):
    path = PATHS[name]
    times = path.grid(steps, spacing, t_min=share * path.T)
    assert len(times) == steps + 1 and times[-1] == share * path.T and times[0] <= path.T


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 10, 30, 50, 333, 1000])
@pytest.mark.parametrize("spacing", ["trailing", "leading", "linspace"])
def test_whole_grids_are_those_of_diffusers(steps, spacing):
    """Its index i is our t = i + 1. Its `linspace` of one step sits at index 0, where nothing is noisy; ours at T."""
    if (steps, spacing) == (1, "linspace"):
        assert schedules.ddpm_linear().grid(1, "linspace") == (1000.0, 0.0)
        return
    theirs = diffusers.DDIMScheduler(timestep_spacing=spacing)
    theirs.set_timesteps(steps)
    assert schedules.ddpm_linear().grid(steps, spacing)[:-1] == tuple((theirs.timesteps + 1).tolist())


def test_logsnr_is_even_in_lambda_and_karras_in_the_seventh_root_of_the_noise_level():
    for path in (PATHS["ddpm_linear"], PATHS["flow"], PATHS["variance_exploding"]):
        lam = np.array([path.lam(t) for t in path.grid(20, "logsnr")[:-1]])
        np.testing.assert_allclose(np.diff(lam), np.diff(lam)[0], rtol=1e-6)
        root = np.exp(-np.array([path.lam(t) for t in path.grid(20, "karras")[:-1]]) / 7)
        np.testing.assert_allclose(np.diff(root), np.diff(root)[0], rtol=1e-6)


@pytest.mark.parametrize("name", ["ddpm_linear", "cosine", "flow", "variance_exploding"])
@pytest.mark.parametrize("spacing", grids.IN_NOISE)
def test_grids_in_noise_level_take_the_path_s_own_times(name, spacing):
    """All times come from one call of the path; asked for one by one they are the same."""
    path, calls = schedules.from_card(PATHS[name].card), []
    inverse = path._t_of_lam
    path._t_of_lam = lambda lam: calls.append(lam.numel()) or inverse(lam)
    times = path.grid(1000, spacing)
    assert max(calls) == 1000 and len(calls) <= 2
    inner = times[1:-2]
    np.testing.assert_allclose([PATHS[name].t_of_lam(PATHS[name].lam(t)) for t in inner], inner, rtol=1e-12)


def test_quadratic_grids_follow_the_square_and_stay_distinct():
    times = schedules.ddpm_linear().grid(1000, "quadratic")
    assert times == tuple(float(t) for t in range(1000, -1, -1))
    coarse = schedules.ddpm_linear().grid(10, "quadratic")
    assert coarse[:-1] == tuple(10.0 * k**2 for k in range(10, 0, -1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1 and at most 1,000,000; got 0"),
        ({"steps": -3}, "got -3"),
        ({"steps": 2.5}, "got 2.5"),
        ({"steps": 37}, '37 steps asked of a grid with 10 distinct times; use spacing="logsnr" or at most 10 steps'),
        ({"steps": 5, "spacing": "even"}, "unknown spacing 'even'; the spacings are trailing"),
        ({"steps": 5, "t_min": 10.0}, r"t_min must lie in \[0, T\)"),
    ],
)
def test_bad_grids_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        PATHS["short"].grid(**options)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([1.0], "at least two times"),
        ([1.0, 1.0, 0.0], "without repeats; got 1 followed by 1"),
        ([0.5, 0.7, 0.0], "got 0.5 followed by 0.7"),
        ([2.0, 0.0], "T = 1"),
        ([1.0, float("nan"), 0.0], "T = 1"),
    ],
)
def test_ones_own_times_are_checked(times, message):
    with pytest.raises(ValueError, match=message):
        grids.check_times(times, 1.0)
