"""The exercises on consistency models ask for what the library does: its target and its sampler."""

import numpy as np
import torch

from diffusion_lessons import sample, samplers
from diffusion_lessons.checks.exercises.distilled.consistency import consistency_sample, consistency_target
from tests.checks.exercises.distilled.velocities import PATH, U, V, denoiser, drawn


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
