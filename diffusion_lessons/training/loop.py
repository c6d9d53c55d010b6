"""The training loop, a generator: it trains and reports, and the caller decides what to plot, sample or stop on.

    for record in train(recipes.get("digits"), data):
        print(record.step, record.loss, record.images_per_second)
    finish(record, "runs/digits")

Several GPUs or machines: `accelerate launch ...` around the same command (`torchrun --nproc_per_node 2 ...` on CPUs).
The recipe's batch is the global one, so the same work is done, with the same loss curve, in less time.
"""

import math
import signal
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training.base import BaseRecipe
from diffusion_lessons.training.folder import STATE, claim, networks_in
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Objective, Step, denoising

# What this process trains in which folder: a run that was left in the middle stops where another begins in its folder.
_RUNNING: WeakValueDictionary[Path, Generator[Any, None, None]] = WeakValueDictionary()


@dataclass(frozen=True)
class TrainingRecord:
    """What happened since the previous record: mean loss, speed, and how far training has come.

    `images`, `images_per_second` count all processes; `main` is False in all of them but the first.
    """

    step: int
    steps: int
    images: int
    loss: float
    learning_rate: float
    images_per_second: float
    seconds: float
    seconds_left: float
    main: bool = True
    run: Run | None = field(default=None, repr=False, compare=False)

    def denoiser(self) -> Denoiser:
        """The averaged network of this moment, ready to sample from (not a copy: it changes as training goes on)."""
        assert self.run is not None
        return self.run.denoiser()


def train(
    recipe: BaseRecipe,
    data: Any,
    out_dir: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    seed: int = 0,
    resume: bool = False,
    overwrite: bool = False,
    minutes: float | None = None,
    every: int = 10,
    save_every: float = 60.0,
    objective: Objective = denoising,
    start: nn.Module | None = None,
    precision: str = "auto",
) -> Iterator[TrainingRecord]:
    """Train `recipe` on `data`; yield a TrainingRecord after the first step, every `every` steps and the last.

    out_dir     where the state is kept for `resume`, every `save_every` seconds, on Ctrl-C and when the caller stops
                early; None keeps nothing
    device      "cuda", "mps" or "cpu"; None takes the first that is there
    seed        decides the first weights, the order of the images, the noise and the times
    resume      go on from the state in out_dir, if there is one
    overwrite   replace what was trained in out_dir before, finished or not
    minutes     stop after this training time instead of after `recipe.images`; the learning rate falls to 0 by then
    objective   what a step minimises; the methods of `distillation` bring their own
    start       a network of the same shape from whose weights training starts: a student's teacher
    precision   of the convolutions: "float32", "bfloat16", "float16", or "auto": half where the device has it

    out_dir belongs to this run until `finish`, or until it stops early: another process is kept away.

    Raises ValueError for a device that is not there, a batch that processes cannot share, a state that is damaged, or
    of another recipe or other images; FileExistsError when out_dir holds a finished network, or an unfinished run and
    `resume` is not set; BlockingIOError while another process trains there; OSError when out_dir cannot be written;
    FloatingPointError when the loss is no longer finite. Arguments are checked here, not at the first step.
    """
    check_value("recipe", recipe, BaseRecipe)
    if not hasattr(data, "to"):
        raise ValueError(f"data must be what to learn from, as load_data gives it; got {data!r}")
    check_value("every", every, int, 1)
    check_value("minutes", minutes, float | None)
    if minutes is not None and not minutes > 0:
        raise ValueError(f"minutes must be above 0; got {minutes}")
    processes = Processes.started(device)
    if recipe.batch % processes.world:
        raise ValueError(f"a batch of {recipe.batch} cannot be shared by {processes.world} processes; use a multiple")
    run = Run(recipe, data, processes.device, seed, precision)
    if start is not None:
        run.start_from(start)
    state = None
    if out_dir is not None:
        run.folder = Path(out_dir).absolute()
        state = run.folder / STATE
        if (earlier := _RUNNING.pop(run.folder, None)) is not None:
            earlier.close()
        if processes.rank == 0:
            run.held = claim(run.folder, recipe, resume=resume, overwrite=overwrite)
        if resume and state.exists():
            try:
                run.load_state(state)
            except BaseException:  # what is told of it may be kept, and with it the run, which would hold the folder
                run.release()
                raise
    records = _train(run, objective, data.to(processes.device), state, processes, minutes, every, save_every)
    if run.folder is not None:
        _RUNNING[run.folder] = records
    return records


def finish(
    record: TrainingRecord, out_dir: str | Path, *, command: str | None = None, overwrite: bool = False, **about: Any
) -> Path | None:
    """Write what was trained as a checkpoint (`out_dir`/mnist-diffusion.safetensors and its card) and delete the state.

    `about` goes into the card (`evaluation={...}`). Returns the file, or None in all processes but the first.
    Raises FileExistsError if a network stands there that is not of the folder in which this run was trained; with
    `overwrite` it is replaced.
    """
    if not record.main:
        return None
    assert record.run is not None
    run, folder = record.run, Path(out_dir).absolute()
    if folder != run.folder and not overwrite and (there := networks_in(folder, run.recipe)):
        raise FileExistsError(
            f"{there[0]} is there already: finish in another folder, or replace it with overwrite=True"
        )
    file = run.save_checkpoints(Path(out_dir), command=command, **about)
    (folder / STATE).unlink(missing_ok=True)
    run.folder = folder
    run.release()
    return file


def learning_rate(peak: float, progress: float, warm_up: float) -> float:
    """Rises linearly to `peak` over the first `warm_up` of the run, then falls to 0 as half a cosine; progress 0..1."""
    progress = min(progress, 1.0)
    if progress < warm_up or warm_up == 1:
        return peak * progress / warm_up
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - warm_up) / (1 - warm_up)))


def _train(run: Run, *arguments: Any) -> Generator[TrainingRecord, None, None]:
    """The records; the folder is for others again where the run ends before its last."""
    try:
        yield from _steps(run, *arguments)
    except BaseException:
        run.release()
        raise


def _steps(
    run: Run,
    objective: Objective,
    data: Any,
    state: Path | None,
    processes: Processes,
    minutes: float | None,
    every: int,
    save_every: float,
) -> Generator[TrainingRecord, None, None]:
    recipe, main = run.recipe, processes.rank == 0
    step = Step(run, objective, data, processes)
    if run.device.type != "cpu" or minutes is not None or step.is_compiled:
        step.prepare()  # before the clock is started: compiling takes a minute, and no step is like the first
    earlier, since, saved = run.seconds, time.perf_counter(), time.perf_counter()
    losses: list[Tensor] = []
    half = 0.5 / recipe.steps if minutes is None else 0.0  # of a step: where it is, on average, while it is made

    def progress() -> float:
        if minutes is None:
            return run.step / recipe.steps
        return processes.agree((earlier + time.perf_counter() - since) / (60 * minutes))

    def save() -> None:
        if state is not None and main:
            run.save_state(state)

    def record(done: float, rate: float, images_per_second: float) -> TrainingRecord:
        return TrainingRecord(
            step=run.step,
            steps=max(run.step, round(run.step / min(done, 1))),
            images=run.images,
            loss=run.loss,
            learning_rate=rate,
            images_per_second=images_per_second,
            seconds=run.seconds,
            seconds_left=max(0.0, run.seconds * (1 / done - 1)),
            main=main,
            run=run,
        )

    try:
        done = progress()
        if done >= 1:  # killed after its last step, before `finish`
            yield record(done, 0.0, 0.0)
        while done < 1:
            rate = learning_rate(recipe.learning_rate, done + half, recipe.warm_up)
            with _interrupt_held_back():
                losses.append(step(rate))
            done = progress()
            if run.step % every and run.step > 1 and done < 1:
                continue
            mean = float(processes.mean(torch.stack(losses).mean()))  # the only wait for a GPU in the loop
            if not math.isfinite(mean):
                raise FloatingPointError(
                    f"the loss is {mean} at step {run.step}: the learning rate {recipe.learning_rate:g} is probably "
                    "too high for this network. The state that was last saved is kept"
                )
            seconds = time.perf_counter() - since
            run.seconds, run.loss = earlier + seconds, mean
            if time.perf_counter() - saved > save_every:
                save()
                saved = time.perf_counter()
            yield record(done, rate, recipe.batch * len(losses) / seconds)
            earlier, since = run.seconds, time.perf_counter()  # the caller's time is not training time
            losses.clear()
    except (KeyboardInterrupt, GeneratorExit):
        save()
        if state is not None and main:
            print(f"stopped at step {run.step}; resume=True (--resume) goes on from {state}", file=sys.stderr)
        raise


@contextmanager
def _interrupt_held_back() -> Iterator[None]:
    """Let Ctrl-C, or a request to end, wait for the end of the block: weights, average and step change together."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals arrive in the main thread only
        return
    arrived: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
    for held in arrived:
        signal.raise_signal(held)  # to whoever would have had it: nobody, where it is ignored
