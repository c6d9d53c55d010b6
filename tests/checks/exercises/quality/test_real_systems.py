"""The exercises on tables ask for what `pipelines.linear_steps` finds."""

import numpy as np
import pytest

from diffusion_lessons import samplers, schedules
from diffusion_lessons.checks import EXERCISES
from diffusion_lessons.pipelines.coefficients import linear_steps

PATH = schedules.cosine()


def test_the_row_is_ddim_s():
    (step, _) = linear_steps(samplers.ddim, PATH, (700.0, 400.0, 0.0))
    scales = (PATH.alpha(700.0), PATH.sigma(700.0), PATH.alpha(400.0), PATH.sigma(400.0))
    assert EXERCISES["ddim_row"].solution(*scales) == pytest.approx([step.keep, *step.clean])


def test_the_next_x_is_the_multistep_sampler_s():
    row = linear_steps(samplers.dpm_solver_pp_2m, PATH, PATH.grid(4))[1]
    x, newest, older = np.array([0.3]), np.array([0.5]), np.array([-0.2])
    found = EXERCISES["next_x"].solution(row.keep, row.clean, x, [newest, older])
    assert found == pytest.approx(row.keep * x + row.clean[0] * newest + row.clean[1] * older)
