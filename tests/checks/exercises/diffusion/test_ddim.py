"""The exercises on DDIM's step ask for what the library's sampler does."""

import numpy as np
import pytest
import torch

from diffusion_lessons import sample, samplers
from diffusion_lessons.checks import EXERCISES
from diffusion_lessons.checks.exercises.formulas import two_level_path
from diffusion_lessons.estimates import Estimate


@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_ddim_references_are_the_library_sampler(eta):
    torch.manual_seed(0)
    x, eps = torch.randn(2, 5, 3, dtype=torch.float64)
    path, t, s = two_level_path(0.2, 0.6)
    seen = Estimate((x - path.sigma(t) * eps) / path.alpha(t), eps)
    options = {"eta": eta, "generator": torch.Generator().manual_seed(3)}
    drawn = sample(samplers.ddim, lambda *_: seen, x, path, (t, s), **options)
    z = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    mine = EXERCISES["ddim_eta_step"].solution(x.numpy(), eps.numpy(), z.numpy(), 0.2, 0.6, eta)
    np.testing.assert_allclose(mine, drawn.numpy(), rtol=1e-10)
    if eta == 0:
        step = EXERCISES["ddim_step"].solution(x.numpy(), eps.numpy(), 0.2, 0.6)
        np.testing.assert_allclose(step, drawn.numpy(), rtol=1e-10)
