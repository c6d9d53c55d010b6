"""The exercises on consistency models ask for what the library does: its target and its sampler."""

import numpy as np
import torch

from diffusion_lessons import sample, samplers, schedules
from diffusion_lessons.checks.exercises.consistency import consistency_sample, consistency_target
from diffusion_lessons.checks.portable.inputs import Field
from diffusion_lessons.denoisers import Denoiser

PATH = schedules.flow()
U, V = Field(0.7, -0.4, 0.5), Field(-0.3, 0.8, 0.2)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def denoiser(u: Field) -> Denoiser:
    """The velocity u(x, t) as the library takes it: t [B]."""
    return Denoiser(lambda x, t: u(x, t[:, None]), PATH, predicts="velocity")


def test_the_consistency_target_is_the_students_end_of_the_teachers_step():
    x, t, s = drawn(3, 2), 0.8, 0.3
    moved = PATH.add_noise(*denoiser(U)(x, t), s)
    torch.testing.assert_close(consistency_target(V, U, x, t, s), denoiser(V)(moved, s).x0)


def test_consistency_sampling_is_the_librarys():
    x, times = drawn(3, 2), [1.0, 0.6, 0.2]
    generator = torch.Generator().manual_seed(1)
    noises = [torch.randn(3, 2, generator=generator, dtype=torch.float64) for _ in times]
    expected = sample(
        samplers.consistency, denoiser(V), x, PATH, [*times, 0.0], generator=torch.Generator().manual_seed(1)
    )
    mine = consistency_sample(lambda x, t: denoiser(V)(x, t).x0, x, times, noises)
    np.testing.assert_allclose(mine.numpy(), expected.numpy(), rtol=1e-12)
