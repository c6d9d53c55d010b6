"""One training step: the gradients of a batch, in as many parts as fit the device, and the update of the weights."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons.machine.devices import is_out_of_memory, tf32, why_not_compiled
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.batches import Batch, mixed
from diffusion_lessons.training.losses import loss, sample_times
from diffusion_lessons.training.state import Run

# (run, network, batch) -> the mean loss of what the recipe drew. The network is `run.network`, perhaps compiled or
# spread over processes: it is the one to call, since its gradients are taken.
Objective = Callable[[Run, nn.Module, Any], Tensor]

REHEARSALS = 3  # of a step that becomes CUDA graphs: it is compiled, recorded, and for the first time replayed


def denoising(run: Run, network: nn.Module, batch: Batch) -> Tensor:
    """The objective of every teacher: predict x_0 or the noise from x_t, at random times (`losses.loss`)."""
    recipe = run.recipe
    t = sample_times(batch.u, run.path, recipe.times)
    return loss(network, batch.x0, batch.eps, t, run.path, recipe.predicts, batch.condition, recipe.weighting)


class Step:
    """step(rate) lets the recipe draw the next batch, updates weights and average, and returns the loss, still on the
    device.

    The network is compiled where the recipe asks for it and the device can; otherwise one line says why not. A batch
    that does not fit the memory is cut: its parts are computed one after the other and their gradients averaged, which
    gives the same update in the same memory as a smaller batch. `prepare` does both before the clock is started.
    """

    def __init__(self, run: Run, objective: Objective, data: Any, processes: Processes) -> None:
        self.run, self.objective, self.data, self.processes = run, objective, data, processes
        self.parts = 1
        self.network = self._plain = processes.wrap(run.network)
        if run.recipe.compile if run.recipe.compile is not None else run.device.type == "cuda":
            self.compile()

    def __call__(self, rate: float) -> Tensor:
        """Update with this learning rate; the loss of the batch."""
        run = self.run
        for group in run.optimizer.param_groups:
            group["lr"] = rate
        with tf32(run.allows_tf32):
            error = self._fitting_gradients()
        run.scaler.unscale_(run.optimizer)
        nn.utils.clip_grad_norm_(run.network.parameters(), run.recipe.clip_norm)
        run.scaler.step(run.optimizer)
        run.scaler.update()
        run.optimizer.zero_grad(set_to_none=True)
        for average in run.averages.values():
            average.update(run.network, run.step)
        run.step += 1
        return error

    @property
    def is_compiled(self) -> bool:
        """Whether the network runs through torch.compile."""
        return self.network is not self._plain

    def prepare(self) -> None:
        """Compute one batch's gradients and discard them, so that compiling, recording and cutting happen now."""
        for _ in range(REHEARSALS if self.run.recipe.compile == "graphs" else 1):
            with tf32(self.run.allows_tf32):
                try:
                    self._fitting_gradients()
                except ValueError:  # in our own words
                    raise
                except Exception as error:
                    if not self.is_compiled:
                        raise
                    self._give_up_compiling(error)
                    self._fitting_gradients()
            self.run.optimizer.zero_grad(set_to_none=True)

    def compile(self) -> None:
        """Use the compiled network, or say in one line why not."""
        reason = why_not_compiled(self.run.device)
        if reason:
            _say(f"the network is not compiled: {reason}; training is only slower (--set compile=false)")
            return
        if self.run.device.type == "cuda":  # group normalisation undoes it where nothing is fused
            self.run.use_layout(torch.channels_last)
        mode = "reduce-overhead" if self.run.recipe.compile == "graphs" else None
        # every batch has one size; where memory asks for smaller parts, these have one, too
        self.network = torch.compile(self._plain, mode=mode, dynamic=False)  # type: ignore[assignment]

    def _give_up_compiling(self, error: Exception) -> None:
        """Take the network as it is, and say in one line why."""
        reason = ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
        _say(f"the network could not be compiled ({reason}); training goes on without it, only slower")
        self.network = self._plain
        self.run.optimizer.zero_grad(set_to_none=True)
        self.run.use_layout(torch.contiguous_format)

    def _fitting_gradients(self) -> Tensor:
        """`_gradients`, in more parts where the memory asks for it, and from now on."""
        while True:
            try:
                return self._gradients()
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self.run.optimizer.zero_grad(set_to_none=True)
                self._cut(error)
            if self.run.device.type == "cuda":  # here the error is gone, and with it what its frames still held
                torch.cuda.empty_cache()

    def _cut(self, error: RuntimeError) -> None:
        """Twice as many parts; a ValueError that says what to do where a part cannot be halved.

        Several processes have to cut alike, and one that runs out of memory cannot tell the others, which wait for it.
        """
        rows = self.run.recipe.batch // self.processes.world
        if rows % (2 * self.parts) or self.processes.world > 1:
            raise ValueError(
                f"{rows // self.parts} images at a time do not fit the memory of {self.run.device}: set a smaller "
                f"batch (--set batch={self.run.recipe.batch // 2}), a smaller network, or --device cpu"
            ) from error
        self.parts *= 2
        _say(f"out of memory: each batch is computed in {self.parts} parts of {rows // self.parts} images")

    @contextmanager
    def _dropout(self, part: int) -> Iterator[None]:
        """Inside the block dropout follows from the run's seed and the step, also after an interruption."""
        if not self.run.recipe.dropout:
            yield
            return
        devices = [self.run.device] if self.run.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(mixed(self.run.seed, self.run.step, self.processes.rank * self.parts + part, 3))
            yield

    def _gradients(self) -> Tensor:
        """The mean loss of the batch of this step; its (scaled) gradients are left on the weights."""
        run, recipe, processes = self.run, self.run.recipe, self.processes
        whole = recipe.draw(self.data, run.seed, run.step, rank=processes.rank, world=processes.world)
        errors = []
        for part, rows in enumerate(zip(*(values.chunk(self.parts) for values in whole), strict=True)):
            batch = type(whole)(*rows)
            with self._dropout(part), torch.autocast(run.device.type, run.precision, enabled=run.precision is not None):
                error = self.objective(run, self.network, batch)
            run.scaler.scale(error / self.parts).backward()
            errors.append(error.detach())
        return torch.stack(errors).mean() if self.parts > 1 else errors[0]


def _say(line: str) -> None:
    print(line, file=sys.stderr)
