"""The deterministic samplers of this course as schedulers of `diffusers`, on its diffusion and on its flow paths.

    pipe.scheduler = LessonScheduler.from_config(pipe.scheduler.config, sampler="dpm_solver_pp_2m")
    pipe.scheduler = LessonFlowScheduler.from_config(pipe.scheduler.config, sampler="heun")

A pipeline calls its network by itself and asks the scheduler only `set_timesteps` and `step`, whereas a sampler calls
its denoiser. What joins the two is the sampler's table (`coefficients.linear_steps`): `timesteps` are the times of its
rows, of which a method of two stages has two a step, and `step` follows one row. So there is no second spelling of any
formula here, and every deterministic sampler of `samplers.ALL` works.

Needs the extra "pipelines". The contract is that of `diffusers` 0.32 and later.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.estimates import ESTIMATES
from diffusion_lessons.path import Path
from diffusion_lessons.pipelines.coefficients import linear_steps
from diffusion_lessons.pipelines.configs import (
    index_of,
    path_of,
    predicts_of,
    quiet_import,
    time_of,
    why_no_pipelines,
    without_variances,
)
from diffusion_lessons.samplers import get
from diffusion_lessons.schedules import flow

try:
    with quiet_import():
        from diffusers import ConfigMixin, SchedulerMixin
        from diffusers.configuration_utils import register_to_config
        from diffusers.schedulers.scheduling_ddim import DDIMSchedulerOutput
except ImportError as error:  # pragma: no cover - the message is tested in a process without the package
    raise ImportError(why_no_pipelines() or str(error)) from error


class _Table(SchedulerMixin, ConfigMixin):
    """What both schedulers share: a grid, the sampler's table on it, and the steps that follow the table."""

    init_noise_sigma = 1.0
    path: Path
    predicts: str

    @property
    def limit(self) -> float | None:
        """Of |x0_hat|, by the config as it is now; None for none."""
        return self.config["clip_sample_range"] if self.config.get("clip_sample") else None

    def _prepare(self, sampler: str, options: dict[str, Any] | None) -> None:
        self.sampler, self.options = get(sampler), options or {}
        linear_steps(self.sampler, self.path, self.path.grid(2), **self.options)  # refuses now what has no table
        self.order = max(self.sampler.info.stages(3))  # type: ignore[misc]
        self._set_grid(self.path.grid(min(50, int(self.config["num_train_timesteps"]))), None)

    def _set_grid(self, times: Sequence[float], device: Any) -> None:
        self.grid = tuple(times)
        self.steps = linear_steps(self.sampler, self.path, self.grid, **self.options)
        indices = [index_of(step.t, self.path) for step in self.steps]
        self.timesteps = torch.tensor(indices, dtype=torch.float32, device=device)
        self.num_inference_steps = len(self.grid) - 1
        self.begin_index, self.place = 0, 0
        self.seen: list[Tensor] = []

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Say with which of `timesteps` the run begins, as pipelines do that start from a noisy picture."""
        self.begin_index = begin_index

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """The sample as it is: x has the scale that the path gives it."""
        return sample

    def step(
        self,
        model_output: Tensor,
        timestep: Any,
        sample: Tensor,
        generator: torch.Generator | None = None,
        return_dict: bool = True,
    ) -> Any:
        """From x at `timestep` and what the network predicted there to the x at which it is asked next.

        The sample is computed with in float32 at least, and returned in the type of `model_output`. A network that
        predicts variances too (twice the channels) is taken at its mean. No noise is drawn: `generator` is not used.

        Raises ValueError for a timestep out of turn, since a method that remembers would mix up what it has seen.
        """
        row = self._row(float(timestep))
        exact = sample.to(torch.promote_types(sample.dtype, torch.float32))
        model_output = without_variances(model_output, sample)
        x0 = ESTIMATES[self.predicts](exact, model_output.to(exact.dtype), self.path, row.t).x0
        if self.limit is not None:
            x0 = x0.clamp(-self.limit, self.limit)
        self.seen = [x0, *self.seen]
        x = row.next(exact, self.seen)
        self.seen = self.seen[: max(len(step.clean) for step in self.steps)]
        self.place += 1
        x, x0 = x.to(model_output.dtype), x0.to(model_output.dtype)
        return DDIMSchedulerOutput(prev_sample=x, pred_original_sample=x0) if return_dict else (x, x0)

    def _row(self, index: float) -> Any:
        if self.place == 0 and abs(index - float(self.timesteps[0])) > 1e-3:
            self._start_late(index)
        due = index_of(self.steps[self.place].t, self.path) if self.place < len(self.steps) else None
        if due is None or abs(index - due) > 1e-3:
            words = "none is left" if due is None else f"{due:g} is due"
            raise ValueError(f"timestep {index:g} is out of turn ({words}): call set_timesteps before each run")
        return self.steps[self.place]

    def _start_late(self, index: float) -> None:
        """Begin in the middle of the grid, as image-to-image does: the table anew from there, without a history."""
        t = float(time_of(index, self.path))
        left = [time for time in self.grid if time <= t * (1 + 1e-6)]
        if len(left) > 1 and math.isclose(left[0], t, rel_tol=1e-6):
            self.steps = linear_steps(self.sampler, self.path, left, **self.options)

    def _noisy(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        t = time_of(timesteps.to(torch.float64).cpu(), self.path).reshape(-1).expand(len(clean))
        return self.path.add_noise(clean, noise, t.to(torch.promote_types(clean.dtype, torch.float32)))

    def __len__(self) -> int:
        return int(self.config["num_train_timesteps"])


class LessonScheduler(_Table):
    """A sampler of this course on a diffusion path of `diffusers`, for networks that predict eps, x0 or v.

    sampler, options   as in `samplers.get`, deterministic: "ddim", "dpm_solver_pp_2m", "dpm_solver_pp_2s", ...
    timestep_spacing   as in `path.grid`; of "leading", times are `steps_offset` later, as in `diffusers`
    clip_sample        keep x0_hat in [-clip_sample_range, clip_sample_range], and its noise consistent with it

    The other fields are those of the schedulers of `diffusers`, so that `from_config` takes the config of any of them.
    Raises ValueError for what this course has no path or no table for.
    """

    @register_to_config
    def __init__(
        self,
        num_train_timesteps: int = 1000,
        beta_start: float = 0.0001,
        beta_end: float = 0.02,
        beta_schedule: str = "linear",
        trained_betas: list[float] | None = None,
        prediction_type: str = "epsilon",
        rescale_betas_zero_snr: bool = False,
        timestep_spacing: str = "trailing",
        steps_offset: int = 1,
        clip_sample: bool = False,
        clip_sample_range: float = 1.0,
        sampler: str = "dpm_solver_pp_2m",
        options: dict[str, Any] | None = None,
    ) -> None:
        self.path, self.predicts = path_of(self.config), predicts_of(self.config)
        self._prepare(sampler, options)

    def set_timesteps(self, num_inference_steps: int, device: Any = None) -> None:
        """Lay out a run of so many steps, by the config as it is now, and forget the last one."""
        times = self.path.grid(num_inference_steps, self.config["timestep_spacing"])
        if self.config["timestep_spacing"] == "leading":
            times = tuple(min(t + self.config["steps_offset"], self.path.T) for t in times[:-1]) + times[-1:]
        self._set_grid(times, device)

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """x_t = alpha_t x_0 + sigma_t eps, for timesteps [B] of `diffusers`."""
        return self._noisy(original_samples, noise, timesteps)


class LessonFlowScheduler(_Table):
    """A sampler of this course on the flow path, as Stable Diffusion 3 and Flux use it; the velocity is noise - data.

    shift                 times are moved to s t / (1 + (s - 1) t), towards the noise for s above 1
    use_dynamic_shifting  the pipeline gives mu for each size of picture, and s is e^mu
    sampler, options, timestep_spacing   as in `LessonScheduler`; "trailing" has no wasted look at t = 0.001

    Raises ValueError for grids of `diffusers` that are not supported here, instead of leaving them out in silence.
    """

    @register_to_config
    def __init__(
        self,
        num_train_timesteps: int = 1000,
        shift: float = 1.0,
        use_dynamic_shifting: bool = False,
        shift_terminal: float | None = None,
        invert_sigmas: bool = False,
        use_karras_sigmas: bool | None = False,
        use_exponential_sigmas: bool | None = False,
        use_beta_sigmas: bool | None = False,
        timestep_spacing: str = "trailing",
        sampler: str = "euler",
        options: dict[str, Any] | None = None,
    ) -> None:
        names = ("shift_terminal", "invert_sigmas", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")
        if asked := [name for name in names if self.config[name]]:
            raise ValueError(f"{asked[0]} is not supported: give such times as sigmas= to set_timesteps")
        self.path, self.predicts = flow(), "velocity"
        self._prepare(sampler, options)

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: Any = None,
        sigmas: Sequence[float] | None = None,
        mu: float | None = None,
    ) -> None:
        """Lay out a run of so many steps, or one on these sigmas (times in (0, 1]), and forget the last one."""
        if self.config["use_dynamic_shifting"] and mu is None:
            raise ValueError("use_dynamic_shifting asks for mu, by which times are shifted: set_timesteps(n, mu=1.15)")
        if sigmas is None:
            if num_inference_steps is None:
                raise ValueError("give num_inference_steps, or the sigmas themselves")
            sigmas = self.path.grid(num_inference_steps, self.config["timestep_spacing"])
        s = math.exp(mu) if self.config["use_dynamic_shifting"] and mu is not None else self.config["shift"]
        times = [s * float(t) / (1 + (s - 1) * float(t)) for t in sigmas if t > 0]
        self._set_grid([*times, 0.0], device)

    def scale_noise(self, sample: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
        """x_t = (1 - t) x_0 + t eps, for timesteps [B] of `diffusers`."""
        return self._noisy(sample, noise, timestep)
