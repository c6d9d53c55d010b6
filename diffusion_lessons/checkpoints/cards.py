"""Tensors in a safetensors file, and beside it a JSON card that says what they are and where they come from.

safetensors holds numbers only, so loading a stranger's file runs none of its author's code; the card's SHA-256 tells a
truncated or changed file from the one that was written.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor, nn

from diffusion_lessons.machine import places
from diffusion_lessons.machine.description import versions
from diffusion_lessons.machine.files import write_atomically


def write(file: str | Path, tensors: dict[str, Tensor], card: dict[str, Any]) -> Path:
    """Write `file` (.safetensors) and its card (.json), each whole or not at all; return the tensors' path.

    The card is completed with library versions, the size in bytes and the SHA-256 of the tensors' file.
    Raises ValueError for tensors that are not finite, OSError when the disk is full.
    """
    file = _with_suffix(file)
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    not_finite = [f"{name} ({value.dtype})" for name, value in tensors.items() if not value.isfinite().all()]
    if not_finite:
        raise ValueError(f"weights that are not finite are not saved: {', '.join(not_finite[:3])}")
    content = safetensors.torch.save(tensors)
    sha256 = hashlib.sha256(content).hexdigest()
    write_atomically(file, content)
    write_card(file, {**card, "versions": versions(), "bytes": len(content), "sha256": sha256})
    return file


def read(name_or_path: str | Path, needs: tuple[str, ...] = ()) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors, float ones as float32, and the card; `needs` are entries that the card must have.

    Raises FileNotFoundError for a missing file or card, ValueError for one that is truncated or changed.
    """
    file = find(name_or_path)
    card = read_card(file, needs)
    content = file.read_bytes()
    if len(content) != card["bytes"]:
        raise ValueError(
            f"{file} has {len(content):,} bytes and its card says {card['bytes']:,}: it is cut short or another "
            "file; copy or download it again"
        )
    if (sha256 := hashlib.sha256(content).hexdigest()) != card["sha256"]:
        raise ValueError(
            f"{file} is not the file that its card describes: SHA-256 {sha256[:12]}... instead of "
            f"{card['sha256'][:12]}...; it was changed or damaged. Copy or download it again"
        )
    try:
        tensors = safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        raise ValueError(f"{file} is not a safetensors file ({error})") from error
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}, card


def find(name_or_path: str | Path) -> Path:
    """The .safetensors file of a shipped name or of a path (with or without its suffix)."""
    shipped = places.checkpoints() / f"{name_or_path}.safetensors"
    if str(name_or_path) == Path(name_or_path).name and shipped.is_file():
        return shipped
    file = _with_suffix(Path(name_or_path).expanduser())
    if not file.is_file():
        names = ", ".join(sorted(shipped.stem for shipped in places.checkpoints().glob("*.safetensors")))
        raise FileNotFoundError(
            f"no checkpoint {str(name_or_path)!r}: the package ships {names or 'none'}, and there is no file {file}. "
            "Train one with `diffusion-lessons train`"
        )
    return file


def read_card(name_or_path: str | Path, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The card of a file, read without loading its tensors."""
    file = find(name_or_path).with_suffix(".json")
    if not file.is_file():
        raise FileNotFoundError(f"{file.with_suffix('.safetensors')} has no card: copy {file.name} next to it")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        missing = {"bytes", "sha256", *needs} - set(card)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the card {file} is not readable as JSON ({error}); copy it again") from error
    if missing:
        raise ValueError(
            f"the card {file} says nothing of {', '.join(sorted(missing))}: it describes something else, or it is "
            "damaged; copy it again"
        )
    return card


def write_card(file: Path, card: dict[str, Any]) -> None:
    """Write the card of `file` (.safetensors)."""
    write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())


def fill(network: nn.Module, tensors: dict[str, Tensor], file: str | Path) -> None:
    """Load the tensors into a network, or say in one line what does not fit."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    shapes = {name: tuple(value.shape) for name, value in tensors.items()}
    if expected != shapes:
        name = sorted(dict(expected.items() ^ shapes.items()))[0]
        raise ValueError(
            f"{file} holds the weights of another architecture than its card names: {name} is "
            f"{shapes.get(name, 'missing')} where {expected.get(name, 'nothing of that name')} is needed"
        )
    network.load_state_dict(tensors)


def _with_suffix(file: str | Path) -> Path:
    file = Path(file)
    return file if file.suffix == ".safetensors" else file.with_name(file.name + ".safetensors")
