"""Students of few steps without a network: the exact one of progressive distillation, and one with weak eyes.

Beside the exact second flow and consistency function (`few_steps`), they show what a method gives when nothing is left
to learn, and what becomes of it when the student cannot draw as steep a map as it is asked for.
"""

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.ddim import x0_landing

CELLS = 1200  # on which a blurred answer is computed
REACH = 4.0  # widths of the blur beyond the outermost x


class ExactProgressiveStudent(Wrapper):
    """The student of `steps` DDIM steps that lands exactly where a teacher lands with twice as many.

    The teacher may be such a student itself. It knows the times of its own grid only, as a trained one does.
    """

    def __init__(self, teacher: DenoiserLike, path: Path, steps: int):
        super().__init__(teacher)
        self.path, self.walk = path, path.grid(2 * steps)
        self.times = self.walk[:-1:2]

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        if isinstance(t, Tensor) or t not in self.times:
            raise ValueError(f"t = {t} is not on the grid of this student: {', '.join(f'{s:g}' for s in self.times)}")
        step = self.walk[self.walk.index(t) :][:3]
        landed = samplers.sample(samplers.ddim, self.inner, x, self.path, step)
        return Estimate.from_x0(x, x0_landing(x, landed, self.path, t, step[-1]), self.path, t)


def progressive_student(teacher: DenoiserLike, path: Path, steps: int, teacher_steps: int) -> DenoiserLike:
    """The exact student of `steps` steps after all halvings of a teacher that takes `teacher_steps`.

    Raises ValueError unless the second is the first doubled some times.
    """
    while teacher_steps > steps and teacher_steps % 2 == 0:
        teacher_steps //= 2
        teacher = ExactProgressiveStudent(teacher, path, teacher_steps)
    if teacher_steps != steps:
        raise ValueError(f"halving {teacher_steps} steps never gives {steps}")
    return teacher


class Blurred(Wrapper):
    """A student of numbers that cannot tell inputs apart that are closer than `width`.

        x0(x) = E inner(x + width n).x0,  n ~ N(0, 1);   eps = (x - alpha x0) / sigma

    A network that is trained with a squared loss draws such a mean where it cannot be as steep as its target.
    """

    def __init__(self, inner: DenoiserLike, path: Path, width: float):
        super().__init__(inner)
        self.path, self.width = path, width

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        if self.width == 0:
            return super().__call__(x, t)
        assert not isinstance(t, Tensor), "one time for all numbers"
        beyond = REACH * self.width
        cells = torch.linspace(float(x.min()) - beyond, float(x.max()) + beyond, CELLS, dtype=torch.float64)
        weights = torch.softmax(-(((cells[:, None] - cells) / self.width) ** 2) / 2, dim=1)  # [CELLS, CELLS]
        mean = weights @ super().__call__(cells, t).x0
        x0 = np.interp(x.double().numpy(), cells.numpy(), mean.numpy())
        return Estimate.from_x0(x, torch.from_numpy(x0).to(x), self.path, t)
