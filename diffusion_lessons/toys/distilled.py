"""Few-step students without a network: the exact one of progressive distillation, and one that is too smooth.

Together with the exact reflowed flow and consistency function (`flow_map`), they show what a method achieves when
nothing is left to learn, and what happens to it when the student cannot represent a map as steep as its target.
"""

import numpy as np
import torch
from torch import Tensor

from diffusion_lessons import samplers
from diffusion_lessons.denoisers.base import DenoiserLike, Wrapper
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path, time_for
from diffusion_lessons.samplers.ddim import x0_landing

CELLS = 1200  # of the grid on which a blurred estimate is computed
REACH = 4.0  # widths of the blur beyond the outermost x


class ExactProgressiveStudent(Wrapper):
    """The student of `steps` DDIM steps that lands exactly where a teacher lands with twice as many.

    The teacher may be such a student itself. Like a trained student, it is defined at the times of its own grid only.
    """

    def __init__(self, teacher: DenoiserLike, path: Path, steps: int):
        super().__init__(teacher)
        check_value("path", path, Path)
        self.path, self.teacher_times = path, path.grid(2 * steps)
        self.times = self.teacher_times[:-1:2]

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        t = time_for(x, t)
        if isinstance(t, Tensor) or t not in self.times:
            raise ValueError(f"t = {t} is not on the grid of this student: {', '.join(f'{s:g}' for s in self.times)}")
        step = self.teacher_times[self.teacher_times.index(t) :][:3]
        x_s = samplers.sample(samplers.ddim, self.inner, x, self.path, step)
        return Estimate.from_x0(x, x0_landing(x, x_s, self.path, t, step[-1]), self.path, t)


def progressive_student(teacher: DenoiserLike, path: Path, steps: int, teacher_steps: int) -> DenoiserLike:
    """The exact student of `steps` steps after all halvings of a teacher that takes `teacher_steps`.

    Raises ValueError unless `teacher_steps` is `steps` times a power of two.
    """
    while teacher_steps > steps and teacher_steps % 2 == 0:
        teacher_steps //= 2
        teacher = ExactProgressiveStudent(teacher, path, teacher_steps)
    if teacher_steps != steps:
        raise ValueError(f"halving {teacher_steps} steps never gives {steps}")
    return teacher


class Blurred(Wrapper):
    """A student on numbers that cannot tell inputs apart when they are closer than `width`.

        x0(x) = E inner(x + width n).x0,  n ~ N(0, 1);   eps = (x - alpha x0) / sigma

    A network that is trained with a squared loss predicts such a mean where it cannot be as steep as its target.
    """

    def __init__(self, inner: DenoiserLike, path: Path, width: float):
        super().__init__(inner)
        check_value("path", path, Path)
        self.path, self.width = path, width

    def __call__(self, x: Tensor, t: float | Tensor, condition: None = None) -> Estimate:
        if self.width == 0:
            return super().__call__(x, t)
        t = time_for(x, t)
        if isinstance(t, Tensor):
            raise ValueError("a blurred estimate is computed at one time for all numbers; give t as a float")
        margin = REACH * self.width
        cells = torch.linspace(float(x.min()) - margin, float(x.max()) + margin, CELLS, dtype=torch.float64)
        weights = torch.softmax(-(((cells[:, None] - cells) / self.width) ** 2) / 2, dim=1)  # [CELLS, CELLS]
        mean = weights @ super().__call__(cells, t).x0
        x0 = np.interp(x.double().numpy(), cells.numpy(), mean.numpy())
        return Estimate.from_x0(x, torch.from_numpy(x0).to(x), self.path, t)
