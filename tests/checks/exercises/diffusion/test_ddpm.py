"""The exercise on DDPM's step asks for what the library's sampler does."""

import numpy as np
import torch

from diffusion_lessons import sample, samplers
from diffusion_lessons.checks import EXERCISES
from diffusion_lessons.checks.exercises.formulas import two_level_path
from diffusion_lessons.estimates import Estimate


def test_ddpm_reference_is_the_library_sampler():
    torch.manual_seed(0)
    x, eps = torch.randn(2, 5, 3, dtype=torch.float64)
    path, t, s = two_level_path(0.2, 0.6)
    seen = Estimate((x - path.sigma(t) * eps) / path.alpha(t), eps)
    options = {"variance": "large", "generator": torch.Generator().manual_seed(3)}
    drawn = sample(samplers.ddpm, lambda *_: seen, x, path, (t, s), **options)
    z = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    mine = EXERCISES["ddpm_step"].solution(x.numpy(), eps.numpy(), z.numpy(), 0.2, 0.6)
    np.testing.assert_allclose(mine, drawn.numpy(), rtol=1e-10)
