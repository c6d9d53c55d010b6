"""The exercises of lesson 11 ask for what the library does: their solutions are its objectives and samplers."""

import pytest
import torch

from diffusion_lessons import sample, samplers
from diffusion_lessons.checks.exercises.distilled import few_steps
from diffusion_lessons.distillation.progressive import two_steps
from diffusion_lessons.samplers.ddim import x0_landing
from tests.checks.exercises.distilled.velocities import PATH, U, denoiser, drawn


def test_reflow_walks_with_the_librarys_euler():
    eps, z = drawn(2, 3, 2)
    x0 = sample(samplers.euler, denoiser(U), eps, PATH, PATH.grid(5))
    x, velocity = few_steps.reflow_example(U, eps, z, 0.3, 5)
    torch.testing.assert_close(x, PATH.add_noise(x0, eps, 0.3))
    torch.testing.assert_close(velocity, eps - x0)


@pytest.mark.parametrize("s", [0.2, 0.0])
def test_the_progressive_target_is_the_librarys(s):
    x, t = drawn(3, 2), 0.8
    rows = (torch.full((3,), time, dtype=torch.float64) for time in (t, (t + s) / 2, s))
    x0 = x0_landing(x, two_steps(denoiser(U), x, PATH, *rows), PATH, t, s)
    torch.testing.assert_close((x - x0) / t, few_steps.progressive_target(U, x, t, s))
