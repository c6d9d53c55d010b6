"""A shown picture has its words, and the same bytes each time."""

import pytest
import torch

from diffusion_lessons import samplers, schedules, toys
from diffusion_lessons.figures import trajectories
from diffusion_lessons.figures.display import beside, show
from diffusion_lessons.figures.images import image_grid
from diffusion_lessons.samplers import trace

LINEAR = schedules.ddpm_linear()


MIXTURE = toys.GaussianMixture([-1.0, 1.0], stds=0.2)


@pytest.fixture(scope="module")
def states():
    x = LINEAR.prior((10,), torch.Generator().manual_seed(0), dtype=torch.float64)
    return trace(samplers.ddim, MIXTURE.denoiser(LINEAR), x, LINEAR, LINEAR.grid(5))


ALT = "Ten paths from noise at the left to data at the right."


def test_shown_pictures_have_words_and_the_same_bytes(states):
    first, second = (show(trajectories.trajectory_figure(MIXTURE, LINEAR, {"ddim": states}), ALT) for _ in range(2))
    assert first.content == second.content
    data, metadata = first._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == ALT
    grid = image_grid(torch.zeros(4, 1, 8, 8))
    assert beside(grid, grid).width == 2 * grid.width + 16 == show(beside(grid, grid), ALT).width
