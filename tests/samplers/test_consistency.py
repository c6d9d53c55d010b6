"""Consistency sampling: one jump, or jump, noise and jump again; the spread of the data is kept, however many steps."""

from itertools import pairwise

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.toys.flow_map import ConsistencyFunction
from tests.paths import PATHS
from tests.samplers.problems import noise, seeded

MEAN, STD = 0.5, 0.6
GAUSSIAN = toys.GaussianMixture([[MEAN]], stds=STD)
every_path = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def moments(x):
    return x.mean().item(), x.std().item()


def ends(denoise, path, times):
    generator = torch.Generator().manual_seed(0)
    x = path.prior((20_000, 1), generator=generator, dtype=torch.float64)
    return samplers.sample(samplers.consistency, denoise, x, path, times, generator=generator)


@every_path
def test_each_step_is_the_jump_and_the_noise_of_the_formula(path):
    x, times = noise(path), path.grid(3)
    z = torch.Generator().manual_seed(0)
    states = samplers.trace(samplers.consistency, lambda x, t: Estimate(0.3 * x, x), x, path, times, **seeded())
    for before, after in pairwise(states[:3]):
        fresh = torch.randn(x.shape, dtype=x.dtype, generator=z)
        expected = path.alpha(after.t) * 0.3 * before.x + path.sigma(after.t) * fresh
        torch.testing.assert_close(after.x, expected, rtol=0, atol=1e-12)
    assert torch.equal(states[3].x, states[3].x0) and torch.equal(states[3].x0, 0.3 * states[2].x)


def test_nothing_is_drawn_on_the_step_to_the_data():
    path, generator = schedules.cosine(), torch.Generator().manual_seed(0)
    before = generator.get_state()
    samplers.sample(samplers.consistency, lambda x, t: Estimate(x, x), noise(path), path, (1000.0, 0.0))
    one = samplers.sample(
        samplers.consistency, lambda x, t: Estimate(x, x), noise(path), path, (1000.0, 0.0), generator=generator
    )
    assert torch.equal(generator.get_state(), before) and torch.equal(one, noise(path))


@pytest.mark.parametrize("steps", [1, 2, 4])
@pytest.mark.parametrize("name", ["cosine", "flow", "variance_exploding", "ddpm_linear"])
def test_the_exact_function_of_a_gaussian_keeps_mean_and_spread(name, steps):
    """Each jump lands on the data's own distribution, so noise and jump leave it where it is: 20,000 samples."""
    path = PATHS[name]
    mean, std = moments(ends(ConsistencyFunction(GAUSSIAN, path), path, path.grid(steps)))
    assert abs(mean - MEAN) < 4 * STD / 20_000**0.5 and abs(std / STD - 1) < 0.025


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_denoiser_in_its_place_loses_spread(steps):
    """One step returns the mean of the data; later ones find the spread that their own noise level leaves."""
    path = schedules.flow()
    _, std = moments(ends(GAUSSIAN.denoiser(path), path, path.grid(steps)))
    assert std < 0.9 * STD and (std < 1e-9) == (steps == 1)


def test_the_adaptive_end_is_a_sample_of_its_own_time():
    """Times may end above 0: then x there is as noisy as the path is, as of every sampler."""
    path = schedules.flow()
    mean, std = moments(ends(ConsistencyFunction(GAUSSIAN, path), path, (1.0, 0.6, 0.3)))
    assert abs(mean - 0.7 * MEAN) < 0.02 and abs(std - ((0.7 * STD) ** 2 + 0.3**2) ** 0.5) < 0.02
