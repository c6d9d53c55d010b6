"""The features of a row's samples, kept beside the table in half precision: what further figures are computed from.

A row of 2,000 samples takes 300 KB. Tables that ship carry what pairs their rows with one another (`Score.replicates`)
and leave the features out: those of the course's own tables are in `runs/features/`.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import torch

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.sampling import Settings

LATER = {"reuse": 1, "placed": None}  # settings that came later: without them a row's file is where it was
OF_SHIPPED = Path("runs/features")  # of tables that are part of the repository, where large files are not wanted


def place(table: Path, settings: Settings, samples: int, seed: int) -> Path:
    """Where the features of a row are kept: a file in the folder `NAME.features` beside the table NAME.jsonl."""
    how = {name: value for name, value in asdict(settings).items() if name not in LATER or value != LATER[name]}
    key = json.dumps([how, samples, seed], sort_keys=True, default=str)
    shipped = table.absolute().parent == places.measurements().absolute()
    folder = OF_SHIPPED if shipped else table.parent
    name = f"{settings.sampler}-{settings.steps}-{samples}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    return folder / f"{table.stem}.features" / f"{name}.safetensors"


def write(file: Path, samples: Features, checkpoint_sha256: str, features_sha256: str) -> None:
    """Keep the features of a row, with the networks that they are of and were computed by."""
    parts = samples._asdict()
    tensors = {name: part.cpu() for name, part in parts.items() if isinstance(part, torch.Tensor)}
    tensors["features"] = tensors["features"].half()
    cards.write(file, tensors, {"checkpoint_sha256": checkpoint_sha256, "features_sha256": features_sha256})


def read(file: Path, checkpoint_sha256: str, features_sha256: str) -> Features:
    """The features of a row.

    Raises FileNotFoundError where none were kept, ValueError for a damaged file or one of other networks, by its name.
    """
    tensors, card = cards.read(file, needs=("checkpoint_sha256", "features_sha256"))
    for name, wanted in (("checkpoint_sha256", checkpoint_sha256), ("features_sha256", features_sha256)):
        if card[name] != wanted:
            raise ValueError(f"{file} holds features of {name} {card[name][:12]}, and {wanted[:12]} was asked for")
    labels, predicted, values = (tensors.get(name) for name in ("labels", "predicted", "values"))
    return Features(tensors["features"], labels, predicted, values)


def features_of_row(row: Measurement, table: Path) -> Features:
    """The features of a row of a table, to compute any further figure from. Raises as `read` does."""
    file = place(Path(table), row.settings, row.samples, row.seed)
    return read(file, row.checkpoint_sha256, row.features_sha256 or "none")
