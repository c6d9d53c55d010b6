"""The exercises of lesson 11 ask for what the library does: their solutions are its objectives and samplers."""

import numpy as np
import pytest
import torch

from diffusion_lessons import sample, samplers, schedules
from diffusion_lessons.checks.exercises import consistent, few_steps
from diffusion_lessons.checks.portable.inputs import Field
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.distillation.progressive import target, two_steps

PATH = schedules.flow()
U, V = Field(0.7, -0.4, 0.5), Field(-0.3, 0.8, 0.2)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def denoiser(u: Field) -> Denoiser:
    """The velocity u(x, t) as the library takes it: t [B]."""
    return Denoiser(lambda x, t: u(x, t[:, None]), PATH, predicts="velocity")


def test_reflow_walks_with_the_librarys_euler():
    eps, z = drawn(2, 3, 2)
    x0 = sample(samplers.euler, denoiser(U), eps, PATH, PATH.grid(5))
    x, velocity = few_steps.reflow_example(U, eps, z, 0.3, 5)
    torch.testing.assert_close(x, PATH.add_noise(x0, eps, 0.3))
    torch.testing.assert_close(velocity, eps - x0)


@pytest.mark.parametrize("s", [0.2, 0.0])
def test_the_progressive_target_is_the_librarys(s):
    x, t = drawn(3, 2), 0.8
    rows = (torch.full((3,), each, dtype=torch.float64) for each in (t, (t + s) / 2, s))
    x0 = target(x, two_steps(denoiser(U), x, PATH, *rows), PATH, t, s)
    torch.testing.assert_close((x - x0) / t, few_steps.progressive_target(U, x, t, s))


def test_the_consistency_target_is_the_students_end_of_the_teachers_step():
    x, t, s = drawn(3, 2), 0.8, 0.3
    moved = PATH.add_noise(*denoiser(U)(x, t), s)
    torch.testing.assert_close(consistent.consistency_target(V, U, x, t, s), denoiser(V)(moved, s).x0)


def test_consistency_sampling_is_the_librarys():
    x, times = drawn(3, 2), [1.0, 0.6, 0.2]
    generator = torch.Generator().manual_seed(1)
    noises = [torch.randn(3, 2, generator=generator, dtype=torch.float64) for _ in times]
    expected = sample(
        samplers.consistency, denoiser(V), x, PATH, [*times, 0.0], generator=torch.Generator().manual_seed(1)
    )
    mine = consistent.consistency_sample(lambda x, t: denoiser(V)(x, t).x0, x, times, noises)
    np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-12)
