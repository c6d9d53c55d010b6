"""Exact students land where their teachers do, and a blurred one is a mean over neighbours."""

import pytest
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.toys.distilled import Blurred, progressive_student
from diffusion_lessons.toys.flow_map import ReflowedFlow
from diffusion_lessons.toys.one_dimension import gaussian_quantiles

HEAPS = toys.GaussianMixture([-1.0, 1.0], stds=0.3, weights=[0.3, 0.7])


@pytest.mark.parametrize("path", [schedules.flow(), schedules.cosine()], ids=["flow", "cosine"])
@pytest.mark.parametrize("steps", [1, 2, 4, 8])
def test_a_student_lands_where_its_teacher_does(path, steps):
    z, teacher = gaussian_quantiles(50), HEAPS.denoiser(path)
    expected = sample(samplers.ddim, teacher, z, path, path.grid(8))
    student = progressive_student(teacher, path, steps, 8)
    landed = sample(samplers.ddim, student, z, path, path.grid(steps))
    torch.testing.assert_close(landed, expected, rtol=1e-9, atol=1e-9)


def test_a_student_refuses_other_times_and_counts():
    path = schedules.flow()
    with pytest.raises(ValueError, match="not on the grid of this student: 1, 0.5"):
        progressive_student(HEAPS.denoiser(path), path, 2, 4)(gaussian_quantiles(3), 0.75)
    with pytest.raises(ValueError, match="never gives 3"):
        progressive_student(HEAPS.denoiser(path), path, 3, 8)


def test_a_blur_leaves_lines_and_smooths_a_cliff():
    path, z = schedules.flow(), gaussian_quantiles(200)
    line = toys.GaussianMixture([0.5], stds=0.3)
    torch.testing.assert_close(
        Blurred(ReflowedFlow(line), path, 0.1)(z, 1.0).x0, ReflowedFlow(line)(z, 1.0).x0, rtol=0, atol=1e-4
    )
    sharp, blurred = (Blurred(ReflowedFlow(HEAPS), path, width)(z, 1.0) for width in (0.0, 0.2))
    torch.testing.assert_close(sharp.x0, ReflowedFlow(HEAPS)(z, 1.0).x0)
    assert blurred.x0.diff().max() < 0.5 * sharp.x0.diff().max()
    torch.testing.assert_close(path.add_noise(*blurred, 1.0), z)
