"""A denoiser with an error of a known size, to see what each sampler makes of it."""

import torch
from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate, target
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path

WAVES = 3.0  # of the error, in radians for each unit of x


class Flawed(Wrapper):
    """The same denoiser with an error in v that depends on x and not on t.

        v' = v + size sin(3 x),   v = alpha eps - sigma x_0

    x_0 is then wrong by -sigma size sin(3 x), and eps by alpha size sin(3 x) (on a variance-preserving path), as with a
    network that was trained on v.
    """

    def __init__(self, denoise: DenoiserLike, path: Path, size: float):
        super().__init__(denoise)
        check_value("path", path, Path)
        self.path, self.size = path, size

    def __call__(self, x: Tensor, t: float | Tensor, condition: Tensor | None = None) -> Estimate:
        v = target("v", *super().__call__(x, t, condition), self.path, t) + self.size * torch.sin(WAVES * x)
        return Estimate.from_v(x, v, self.path, t)
