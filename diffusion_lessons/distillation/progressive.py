"""Progressive distillation: a student takes in one DDIM step what its teacher takes in two, again and again.

Salimans and Ho, "Progressive Distillation for Fast Sampling of Diffusion Models", 2022
(https://arxiv.org/abs/2202.00512), Algorithm 2.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.distillation.recipe import Lesson, StudentRecipe
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.samplers.ddim import x0_landing
from diffusion_lessons.training.batches import Batch
from diffusion_lessons.training.losses import loss
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Objective


@dataclass(frozen=True)
class ProgressiveRecipe(StudentRecipe):
    """A student of `sampling_steps` DDIM steps on the trailing grid, whose teacher takes twice as many.

    It is good for these steps only, since it was trained nowhere else on the path. Guidance is kept, since both
    the conditional and the null branch learn from the teacher's own; how well a guided student follows a guided
    teacher has to be measured, as the blend of two two-step points is not the two-step point of the blend.
    """

    method: str = "progressive"
    only_these_steps: bool = True

    def check(self, teacher: Denoiser) -> None:
        if teacher.predicts == "eps":
            raise ValueError(
                f"{self.teacher} predicts eps, from which x_0 cannot be computed near pure noise, where a student of "
                "few steps begins: progressive distillation needs a teacher that predicts v, x0 or velocity. Train one "
                "(--set predicts=v)"
            )
        needed = teacher.path.grid(2 * self.sampling_steps)[:-1]
        if teacher.times is not None and teacher.times != needed:
            raise ValueError(
                f"a student of {self.sampling_steps} steps needs a teacher of {2 * self.sampling_steps}; "
                f"{self.teacher} was trained for {len(teacher.times)}"
            )

    def lesson(self, teacher: Denoiser, data: Data, out_dir: Path | None, seed: int) -> Lesson:
        return Lesson(data, halving(teacher, self.sampling_steps))


def halving(teacher: DenoiserLike, steps: int) -> Objective:
    """The objective of a student of `steps` steps, whose teacher takes the grid of twice as many.

    x_t is a noised image at one of the student's own times t, each as often as the others; x0 and eps are what the
    student must estimate there (`x0_landing`). The loss is that of any training, on the student's prediction type. For
    v on a variance-preserving path |v - v'|^2 = (SNR + 1) |x0 - x0'|^2: the paper's "SNR + 1" weighting, which
    unlike SNR alone does not vanish at pure noise, where a student of one step does all its work.
    """

    def objective(run: Run, network: nn.Module, batch: Batch) -> Tensor:
        grid = torch.tensor(run.path.grid(2 * steps), dtype=batch.u.dtype)  # on the CPU, as batch.u
        first = 2 * ((batch.u * steps).ceil().long() - 1)  # [B]: where on the teacher's grid the student's step begins
        t, middle, s = grid[first], grid[first + 1], grid[first + 2]
        x = run.path.add_noise(batch.x0, batch.eps, t)
        with torch.no_grad(), torch.autocast(x.device.type, enabled=False):  # a difference needs its digits
            x_s = two_steps(teacher, x, run.path, t, middle, s, batch.condition)
            x0, eps = Estimate.from_x0(x, x0_landing(x, x_s, run.path, t, s), run.path, t)
        recipe = run.recipe
        return loss(network, x0, eps, t, run.path, recipe.predicts, batch.condition, recipe.weighting)

    return objective


def two_steps(
    teacher: DenoiserLike,
    x: Tensor,
    path: GaussianPath,
    t: Tensor,
    middle: Tensor,
    s: Tensor,
    condition: Tensor | None = None,
) -> Tensor:
    """x_s [B, ...] after the teacher's two DDIM steps t -> middle -> s; the times are tensors [B]."""
    x = path.add_noise(*teacher(x, t, condition), middle)  # DDIM: alpha x0_hat + sigma eps_hat at the next time
    return path.add_noise(*teacher(x, middle, condition), s)
