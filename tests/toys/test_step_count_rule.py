"""The public rule that counts steps, reproduced, and the kink that it puts into a curve."""

from itertools import pairwise

import torch
from diffusers import DPMSolverMultistepScheduler

from diffusion_lessons import samplers, schedules
from diffusion_lessons.toys.step_count_rule import last_step_errors, threshold_3m
from tests.samplers.problems import MIXTURE, noise

LINEAR = schedules.ddpm_linear()


def test_a_step_count_threshold_puts_a_kink_where_ours_goes_on_falling():
    """Steps even in time end in one that is very long in lambda: the error of the public rule rises from 14 to 15."""
    rows = last_step_errors(range(12, 19), points=8)
    ours, theirs = ([row.error for row in rows if (row.name == "dpm_solver_pp_3m") == mine] for mine in (True, False))
    assert theirs[3] > 2 * theirs[2]  # 15 steps against 14
    assert all(fine < coarse for coarse, fine in pairwise(ours))


def test_the_reproduced_threshold_is_diffusers_rule():
    for N in (10, 14, 15, 18):
        scheduler = DPMSolverMultistepScheduler(
            1000, 1e-4, 0.02, "linear", solver_order=3, timestep_spacing="linspace", final_sigmas_type="zero"
        )
        scheduler.set_timesteps(N)
        times = [*(float(i + 1) for i in scheduler.timesteps), 0.0]
        x = theirs = noise(LINEAR)
        for i in scheduler.timesteps:
            seen = MIXTURE.denoiser(LINEAR)(theirs, float(i + 1))
            theirs = scheduler.step(seen.eps, i, theirs).prev_sample
        ours = samplers.sample(threshold_3m, MIXTURE.denoiser(LINEAR), x, LINEAR, times)
        torch.testing.assert_close(ours, theirs.double(), rtol=0, atol=2e-4)
