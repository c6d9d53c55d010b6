"""Reflow: train a flow again, on the pairs of noise and sample that its own ODE joins, and its trajectories straighten.

The first flow is trained on independent noise and images. The lines between them cross, so the trajectories of the flow
are curved. Lines between pairs that the ODE joins do not cross. A flow trained on these pairs is straighter, so fewer
Euler steps suffice; the procedure can be repeated.

Liu, Gong and Liu, "Flow Straight and Fast", 2022 (https://arxiv.org/abs/2209.03003), Algorithm 1 and section 2.2.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.base import check_denoiser
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.distillation.recipe import Lesson, StudentRecipe
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.samplers.base import last_x
from diffusion_lessons.sampling import Settings, device_of, states
from diffusion_lessons.training.batches import Batch, mixed
from diffusion_lessons.training.losses import Times, loss
from diffusion_lessons.training.pairs import Pairs
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import denoising

CHUNK = 500  # pairs made together and kept in one file


@dataclass(frozen=True)
class ReflowRecipe(StudentRecipe):
    """A flow trained on the pairs of its teacher; with `one_step`, at their noisy end alone.

    pairs                  how many; they are made once, and kept in the run's folder
    solver, solver_steps   the sampler that follows the teacher's ODE, and its steps on the trailing grid
    one_step               learn at t = T only: distillation, which makes one step of a straightened flow better still

    A share `condition_dropout` of the pairs is made with the null class, so the unconditional branch learns the pairs
    of the unconditional ODE and guidance is kept. Pairs are not clipped: they join what the teacher's ODE joins.
    """

    method: str = "reflow"
    times: Times = "uniform"
    pairs: int = 15_000
    solver: str = "dpm_solver_pp_2m"
    solver_steps: int = 10
    one_step: bool = False

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {
        **StudentRecipe.RANGES,
        "pairs": (1, 10**12),
        "solver_steps": (1, 10**6),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        Settings(self.solver, self.solver_steps)  # a sampler that is there

    def check(self, teacher: Denoiser) -> None:
        if teacher.predicts != "velocity":
            raise ValueError(
                f"{self.teacher} predicts {teacher.predicts} on {teacher.path}: reflow straightens a flow, and needs a "
                f"teacher that predicts velocity on the flow path. Train one: `diffusion-lessons train {self.data} "
                "--kind flow`"
            )
        if teacher.times is not None:
            raise ValueError(
                f"{self.teacher} was trained for {len(teacher.times)} step(s) only and has no ODE to make pairs from: "
                "take the flow before its distillation as the teacher"
            )
        if self.flip:
            raise ValueError("flip=True would mirror images without their noise: reflow needs flip=False")

    def lesson(self, teacher: Denoiser, data: Data, out_dir: Path | None, seed: int) -> Lesson:
        folder = out_dir / "pairs" if out_dir is not None else None
        pairs = make_pairs(
            teacher,
            data,
            self.pairs,
            folder,
            sampler=self.solver,
            steps=self.solver_steps,
            dropout=self.condition_dropout,
            seed=seed,
        )
        return Lesson(pairs, first_step if self.one_step else denoising)


def first_step(run: Run, network: nn.Module, batch: Batch) -> Tensor:
    """E |u(eps, T) - (eps - x0)|^2: one Euler step from pure noise ends where the teacher's ODE does."""
    t = torch.full_like(batch.u, run.path.T)
    return loss(network, batch.x0, batch.eps, t, run.path, run.recipe.predicts, batch.condition)


def make_pairs(
    teacher: Denoiser,
    data: Data,
    count: int,
    folder: Path | None = None,
    *,
    sampler: str = "dpm_solver_pp_2m",
    steps: int = 10,
    dropout: float = 0.1,
    seed: int = 0,
) -> Pairs:
    """`count` pairs (eps, x0) that the teacher's ODE joins, with labels as frequent as in `data`.

    A share `dropout` is made with the null class. Each chunk follows from (seed, its number) and is written to `folder`
    when it is done, so that an interrupted call resumes there and later calls find all chunks.

    Raises ValueError if the folder holds pairs of another teacher, solver, share, seed or labels, or damaged ones.
    """
    check_denoiser(teacher)
    check_value("data", data, Data)
    check_value("pairs", count, int, 1)
    origin = {
        "teacher_sha256": (teacher.card or {}).get("sha256", ""),
        "sampler": sampler,
        "steps": steps,
        "dropout": dropout,
        "seed": seed,
        "labels": hashlib.sha256(data.labels.cpu().numpy().tobytes()).hexdigest()[:12],
    }
    chunks = []
    with tqdm(total=count, desc="pairs", unit="pair") as bar:
        for number in range(-(-count // CHUNK)):
            file = folder / f"{number:05d}.safetensors" if folder is not None else None
            if file is not None and file.is_file():
                tensors = _read(file, origin)
            else:
                tensors = _make(teacher, data, number, **origin)
                if file is not None:
                    cards.write(file, tensors, origin)
            chunks.append(tensors)
            bar.update(min(CHUNK, count - number * CHUNK))
    tensors = {name: torch.cat([chunk[name] for chunk in chunks])[:count] for name in ("eps", "x0", "labels")}
    card = {**data.card, "pairs": {"count": count, **origin}}
    return Pairs(tensors["eps"].half(), tensors["x0"].half(), tensors["labels"], data.classes, card)


def _make(
    teacher: Denoiser, data: Data, number: int, *, sampler: str, steps: int, dropout: float, seed: int, **_: str
) -> dict[str, Tensor]:
    """Chunk number `number`: eps and x0 in half precision [CHUNK, C, H, W], labels [CHUNK]."""
    generator = torch.Generator().manual_seed(mixed(seed, number, 2))
    labels = data.labels.cpu()[torch.randint(len(data), (CHUNK,), generator=generator)]
    labels = torch.where(torch.rand(CHUNK, generator=generator) < dropout, len(data.classes), labels)
    eps = torch.randn(CHUNK, *data.shape, generator=generator).half()
    settings = Settings(sampler, steps, limit=None)
    x0 = last_x(states(teacher, eps.float().to(device_of(teacher)), settings, labels))
    return {"eps": eps, "x0": x0.half().cpu(), "labels": labels}


def _read(file: Path, origin: dict[str, object]) -> dict[str, Tensor]:
    try:
        tensors, card = cards.read(file, tuple(origin))
    except (ValueError, OSError) as error:
        raise ValueError(f"{error}. Or delete {file}: the pairs are made again") from error
    changed = [f"{key} was {card[key]!r} and is {value!r}" for key, value in origin.items() if card[key] != value]
    if changed:
        raise ValueError(
            f"{file.parent} holds other pairs: {', '.join(changed)}. Delete that folder, or use another for this run"
        )
    return tensors
