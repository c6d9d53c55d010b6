"""Two velocities on the straight path, as the exercises on students take them and as the library does."""

import torch

from diffusion_lessons import schedules
from diffusion_lessons.checks.portable.inputs import Field
from diffusion_lessons.denoisers import Denoiser

PATH = schedules.flow()
U, V = Field(0.7, -0.4, 0.5), Field(-0.3, 0.8, 0.2)


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def denoiser(u: Field) -> Denoiser:
    """The velocity u(x, t) as the library takes it: t [B]."""
    return Denoiser(lambda x, t: u(x, t[:, None]), PATH, predicts="velocity")
