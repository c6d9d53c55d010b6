"""Consistency models: jump from any point of an ODE trajectory to its end, learned from pairs of neighbouring points.

All points of one trajectory lead to the same clean sample, so what the student predicts at time t must be what it
predicts a little further on, at s < t; at t = 0 there is nothing to do: f(x, 0) = x. Distillation gets from t to s by a
step of the teacher; training from scratch needs no teacher, and adds one noise to one image at both times.

The student is f(x, t) = x0_hat of a v head, f = alpha x - sigma v, or of a velocity head, f = x - t u. Both are x at
sigma = 0. In the paper's units, x / alpha at noise level sigma / alpha, the first is its f = c_skip x + c_out F with

    c_skip = 1 / (level^2 + 1),   c_out = level / sqrt(level^2 + 1),   F = -v,   level = sigma / alpha

for data of standard deviation 1, so that training can start from a diffusion network's weights without any change.

Song et al., "Consistency Models", 2023 (https://arxiv.org/abs/2303.01469), algorithms 2 and 3; Song and Dhariwal,
"Improved Techniques for Training Consistency Models", 2023 (https://arxiv.org/abs/2310.14189).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.distillation.recipe import Lesson, StudentRecipe
from diffusion_lessons.machine.devices import moved
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.path import match
from diffusion_lessons.samplers.ode import flow_time
from diffusion_lessons.training.batches import Batch
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Objective

Growth = Literal["doubling", "square_root"]
Solver = Literal["ddim", "heun"]
Target = Literal["student", "average"]

METHODS = ("consistency_distillation", "consistency_training")


@dataclass(frozen=True)
class ConsistencyRecipe(StudentRecipe):
    """A student that jumps to the end of a trajectory, from any time on it.

    method                   "consistency_distillation", or "consistency_training", which takes no step of the teacher
                             and has from it only the weights to begin with
    first_steps, last_steps  into how many steps a trajectory is divided when training begins, and when it ends
    growth                   how their number grows in between: see `steps_at`
    solver                   of the teacher's step: "ddim", one evaluation, or "heun", two
    target                   which network predicts at s: the "student" itself, or the running "average" of its weights
    times                    how often each step is trained: "uniform", or "log_normal" in noise level
    weigh_gaps               weigh each step by 1 / (difference of its noise levels)
    huber                    c = huber sqrt(dimensions) of the pseudo-Huber distance

    A distilled student is at best its teacher with `last_steps` steps, and few steps are enough. Training without a
    teacher's steps becomes exact only with many. The teacher is evaluated at guidance scale 1, with labels dropped as
    often as in its own training. So guidance is kept: the student has both branches, and a guided student mixes the
    ends of two trajectories where a guided teacher follows one.
    """

    method: str = METHODS[0]
    sampler: str = "consistency"
    sampling_steps: int = 2
    first_steps: int = 4
    last_steps: int = 16
    growth: Growth = "doubling"
    solver: Solver = "ddim"
    target: Target = "student"
    weigh_gaps: bool = False
    huber: float = 0.00054

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        **StudentRecipe.RANGES,
        "first_steps": (1, 10**6),
        "last_steps": (1, 10**6),
        "huber": (1e-12, 1e12),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.method not in METHODS:
            raise ValueError(f"method must be {' or '.join(METHODS)}; got {self.method!r}")
        if not 1 <= self.first_steps <= self.last_steps:
            raise ValueError(
                f"steps grow from first_steps, at least 1, to last_steps; got {self.first_steps} and {self.last_steps}"
            )

    def check_times(self) -> None:
        """The times here are steps of the trajectory, drawn evenly or by their noise level."""
        if self.times not in ("uniform", "log_normal"):
            raise ValueError(f"times must be uniform or log_normal; got {self.times!r}")

    def check(self, teacher: Denoiser) -> None:
        if teacher.predicts not in ("v", "velocity"):
            end = "pure noise, where alpha = 0" if teacher.predicts == "eps" else "clean data, where f(x, 0) = x"
            raise ValueError(
                f"{self.teacher} predicts {teacher.predicts}, which cannot say where the trajectory ends at {end}: a "
                "consistency student needs a teacher that predicts v, or velocity on a flow path. Train one "
                "(--set predicts=v)"
            )
        if teacher.times is not None:
            raise ValueError(
                f"{self.teacher} was trained for {len(teacher.times)} step(s) only and does not know the points "
                "between: take its own teacher"
            )
        if self.weigh_gaps and teacher.path.alpha(teacher.path.T) == 0:
            raise ValueError(
                f"weigh_gaps gives pure noise no weight, since the noise level of {teacher.path} is infinite there, "
                "and one-step sampling begins with it: set weigh_gaps=False"
            )

    def lesson(self, teacher: Denoiser, data: Data, out_dir: Path | None, seed: int) -> Lesson:
        return Lesson(data, consistency(self, teacher if self.method == METHODS[0] else None))


def consistency(recipe: ConsistencyRecipe, teacher: DenoiserLike | None) -> Objective:
    """E w d(f(x_t, t), stopgrad f(x_s, s)) over neighbouring times s < t; x_s by the teacher's step, or by noise.

    The gradient goes through f at t only. With s = 0 the target is x_s itself, and this is where clean data enter.
    """
    take = heun_step if recipe.solver == "heun" else ddim_step

    def objective(run: Run, network: nn.Module, batch: Batch) -> Tensor:
        path, predicts = run.path, run.recipe.predicts
        if teacher is not None and getattr(teacher, "path", path) != path:
            raise ValueError(f"the teacher's path is {teacher.path} and the student's {path}: both need the same path")  # type: ignore[attr-defined]
        steps = steps_at(run.step / run.recipe.steps, recipe.first_steps, recipe.last_steps, recipe.growth)
        rising = torch.tensor(path.grid(steps)[::-1], dtype=batch.u.dtype)  # [steps + 1], on the CPU as batch.u
        n = step_numbers(batch.u, rising, path, recipe.times)  # [B]
        t, s = rising[n], rising[n - 1]
        x = path.add_noise(batch.x0, batch.eps, t)
        target = Denoiser(run.ema.network if recipe.target == "average" else network, path, predicts)
        with torch.no_grad():
            if teacher is None:
                x_s = path.add_noise(batch.x0, batch.eps, s)
            else:
                with torch.autocast(x.device.type, enabled=False):  # a difference needs its digits
                    x_s = take(teacher, x, path, t, s, batch.condition)
            end = target(x_s, s, batch.condition).x0
        torch.clear_autocast_cache()  # PyTorch before 2.11 reuses the half weights made without gradients just above
        x0 = Denoiser(network, path, predicts)(x, t, batch.condition).x0
        distance = pseudo_huber(x0, end, recipe.huber)
        if recipe.weigh_gaps:
            distance = distance / moved(gaps(path, t, s).to(distance.dtype), x.device)
        return distance.mean()

    return objective


def steps_at(progress: float, first: int, last: int, growth: Growth = "doubling") -> int:
    """Into how many steps a trajectory is divided after this share of the training, 0..1: never fewer than before.

    Few steps at first, which carry the clean data from t = 0 to the noise quickly; many later, which are more exact.

        doubling     min(first 2^floor(progress (floor(log2(last / first)) + 1)), last)   (Song and Dhariwal, eq. 15)
        square_root  ceil(sqrt(a^2 + progress (b^2 - a^2))) - 1, a = first + 1, b = last + 1   (Song et al., appendix C)

    The papers count the times N(k), one more than the steps; the second one's s0 is a, and its s1 is last.
    """
    progress = min(max(progress, 0.0), 1.0)
    if growth == "doubling":
        stages = int(math.log2(last / first)) + 1
        return min(first * 2 ** int(progress * stages), last)
    a, b = first + 1, last + 1
    return math.ceil(math.sqrt(a**2 + progress * (b**2 - a**2))) - 1


def step_numbers(u: Tensor, rising: Tensor, path: GaussianPath, times: str = "uniform") -> Tensor:
    """The step from rising[n] to rising[n - 1] on which each sample is trained: n in 1..N, [B], from u in (0, 1].

    uniform     each step as often
    log_normal  as often as a noise level whose logarithm is from N(-1.1, 2^2) falls into it (Song and Dhariwal, 3.5)
    """
    if times == "uniform":
        return (u * (len(rising) - 1)).ceil().long()
    z = (-path.lam(rising.double()) + 1.1) / 2.0  # [N + 1]; -inf at the data; on the CPU, where double precision is
    share = torch.special.ndtr(z)
    share = (share - share[0]) / (share[-1] - share[0])
    return torch.searchsorted(share, u.double()).clamp(1, len(rising) - 1)


def pseudo_huber(a: Tensor, b: Tensor, huber: float = 0.00054) -> Tensor:
    """sqrt(|a - b|^2 + c^2) - c with c = huber sqrt(dimensions), [B]: a distance that is smooth at 0.

    Near 0 it is a square; far out it is linear, so that the worst samples do not decide (Song and Dhariwal, 3.3).
    """
    difference = (a - b).float().flatten(1)  # [B, d]
    c = huber * math.sqrt(difference.shape[1])
    return (difference.square().sum(dim=1) + c**2).sqrt() - c


def gaps(path: GaussianPath, t: Tensor, s: Tensor) -> Tensor:
    """sigma_t / alpha_t - sigma_s / alpha_s, [B]: the step in the paper's state x / alpha, whose sigma is the level."""
    return path.sigma(t) / path.alpha(t) - path.sigma(s) / path.alpha(s)


def ddim_step(
    teacher: DenoiserLike, x: Tensor, path: GaussianPath, t: Tensor, s: Tensor, condition: Tensor | None = None
) -> Tensor:
    """x_s = alpha_s x0_hat + sigma_s eps_hat for x [B, ...] and times [B]."""
    return path.add_noise(*teacher(x, t, condition), s)


def heun_step(
    teacher: DenoiserLike, x: Tensor, path: GaussianPath, t: Tensor, s: Tensor, condition: Tensor | None = None
) -> Tensor:
    """DDIM's step, then again with the mean of the estimates at both of its ends.

    DDIM is Euler for z = x / (alpha + sigma) in the flow's time r = sigma / (alpha + sigma), where dz/dr = eps - x0, so
    that this is Heun in that time: finite at both ends of every path. A step to sigma = 0 stays DDIM's.
    """
    first = teacher(x, t, condition)
    euler = path.add_noise(*first, s)
    second = teacher(euler, s, condition)
    full, full_s = path.alpha(t) + path.sigma(t), path.alpha(s) + path.sigma(s)
    dr = flow_time(path, s) - flow_time(path, t)
    velocity = (first.eps - first.x0 + second.eps - second.x0) / 2
    corrected = match(full_s, x) * (x / match(full, x) + match(dr, x) * velocity)
    return torch.where(match(path.sigma(s), x) > 0, corrected, euler)
