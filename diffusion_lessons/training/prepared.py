"""Training on what has to be made first: a student's pairs, the latents of scenes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from torch import nn

from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.training import loop
from diffusion_lessons.training.base import BaseRecipe
from diffusion_lessons.training.folder import claim
from diffusion_lessons.training.loop import TrainingRecord
from diffusion_lessons.training.step import Objective


def train_prepared(
    recipe: BaseRecipe,
    prepare: Callable[[Path | None], tuple[Any, Objective]],
    out_dir: str | Path | None,
    processes: Processes,
    *,
    start: nn.Module | None = None,
    resume: bool = False,
    overwrite: bool = False,
    **options: Any,
) -> Iterator[TrainingRecord]:
    """The records of `loop.train`, whose options these are. The folder is claimed now; what is learned from is made
    at the first `next`: `prepare(folder)` returns data and objective.

    The first process prepares alone, so that what it keeps in the folder, the others find there.

    Raises what `folder.claim` raises.
    """
    folder = Path(out_dir).absolute() if out_dir is not None else None
    held: AbstractContextManager[Any] = nullcontext()
    if folder is not None and processes.rank == 0:
        held = claim(folder, recipe, resume=resume, overwrite=overwrite)

    def records() -> Iterator[TrainingRecord]:
        with held:
            with processes.first_alone():
                data, objective = prepare(folder)
            yield from loop.train(
                recipe, data, folder, objective=objective, start=start, resume=resume, overwrite=overwrite, **options
            )

    return records()
