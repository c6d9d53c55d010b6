"""Trained networks as two files: weights (safetensors) and a JSON card that says what they are and where from.

safetensors holds numbers only, so loading a stranger's file runs none of their code; the card's SHA-256 tells a
truncated or changed file from the one that was written.
"""

import hashlib
import json
import platform
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from diffusion_lessons import networks, schedules
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.training.devices import choose_device
from diffusion_lessons.training.files import write_atomically

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"


def names() -> list[str]:
    """The checkpoints that come with the package."""
    return sorted(file.stem for file in SHIPPED.glob("*.safetensors"))


def save(
    file: str | Path,
    network: nn.Module,
    path: GaussianPath,
    predicts: str,
    *,
    shape: tuple[int, ...],
    class_names: tuple[str, ...] | None = None,
    about: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write `file` (.safetensors) and its card (.json), each whole or not at all; return the weights' path.

    Weights are stored as `dtype`, half the size of what was trained. `about` is what else the card should say: data
    and licence, command, seed, device, training time, images seen, evaluation figures.

    Raises ValueError for weights that are not finite (in `dtype`), OSError when the disk is full.
    """
    file = Path(file).with_suffix(".safetensors")
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in network.state_dict().items()}
    spoiled = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
    if spoiled:
        raise ValueError(f"weights that are not finite in {dtype} are not saved: {', '.join(spoiled[:3])}")
    content = safetensors.torch.save(tensors)
    card = {
        "architecture": networks.card(network),
        "parameters": networks.count_parameters(network),
        "stored_as": str(dtype).removeprefix("torch."),
        "path": path.card,
        "predicts": predicts,
        "shape": list(shape),
        "classes": list(class_names) if class_names is not None else None,
        **(about or {}),
        "versions": versions(),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    write_atomically(file, content)
    _write_card(file, card)
    return file


def load(name_or_path: str | Path, device: str | torch.device = "cpu") -> Denoiser:
    """A denoiser ready to sample from: a checkpoint of the package by name, or any by its path.

    It carries `.path`, `.shape` of one sample, `.classes` (how many) and `.card`. Weights are float32, whatever they
    were stored as. Nothing is clipped: put `clip` outermost yourself.

    Raises FileNotFoundError for a missing file or card, ValueError for a file that is truncated, changed, or not of
    the architecture that its card names.
    """
    target = choose_device(device)
    file = find(name_or_path)
    card = read_card(file)
    content = file.read_bytes()
    _check(file, content, card)
    network = networks.build(card["architecture"])
    tensors = {name: value.float() for name, value in safetensors.torch.load(content).items()}
    _fill(network, tensors, file)
    return Denoiser(
        network.to(target).eval().requires_grad_(False),
        schedules.from_card(card["path"]),
        card["predicts"],
        classes=len(card["classes"]) if card["classes"] is not None else None,
        shape=tuple(card["shape"]),
        card=card,
    )


def find(name_or_path: str | Path) -> Path:
    """The .safetensors file of a shipped name or of a path (with or without its suffix)."""
    shipped = SHIPPED / f"{name_or_path}.safetensors"
    if str(name_or_path) == Path(name_or_path).name and shipped.is_file():
        return shipped
    file = Path(name_or_path).expanduser()
    file = file if file.suffix == ".safetensors" else file.with_name(file.name + ".safetensors")
    if not file.is_file():
        raise FileNotFoundError(
            f"no checkpoint {str(name_or_path)!r}: the package ships {', '.join(names()) or 'none'}, and there is no "
            f"file {file}. Train one with `diffusion-lessons train`"
        )
    return file


def read_card(name_or_path: str | Path) -> dict[str, Any]:
    """What a checkpoint says of itself, without loading its weights."""
    file = find(name_or_path).with_suffix(".json")
    if not file.is_file():
        raise FileNotFoundError(f"{file.with_suffix('.safetensors')} has no card: copy {file.name} next to it")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
        missing = {"architecture", "path", "predicts", "shape", "classes", "bytes", "sha256"} - set(card)
    except (ValueError, TypeError) as error:
        raise ValueError(f"the card {file} is not readable as JSON ({error}); copy it again") from error
    if missing:
        raise ValueError(f"the card {file} says nothing of {', '.join(sorted(missing))}; copy it again")
    return card


def amend(name_or_path: str | Path, **entries: Any) -> dict[str, Any]:
    """Add entries to a card, such as `evaluation={...}`, after the weights were written; return the new card."""
    file = find(name_or_path)
    card = {**read_card(file), **entries}
    _write_card(file, card)
    return card


def versions() -> dict[str, str]:
    """The versions that a result may depend on."""
    from importlib.metadata import version

    libraries = ("diffusion-lessons", "torch", "torchvision", "safetensors")
    return {"python": platform.python_version(), **{name: version(name) for name in libraries}}


def _write_card(file: Path, card: dict[str, Any]) -> None:
    write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=2) + "\n").encode())


def _check(file: Path, content: bytes, card: dict[str, Any]) -> None:
    if len(content) != card["bytes"]:
        raise ValueError(
            f"{file} has {len(content):,} bytes and its card says {card['bytes']:,}: it is cut short or another file; "
            "copy or download it again"
        )
    if (found := hashlib.sha256(content).hexdigest()) != card["sha256"]:
        raise ValueError(
            f"{file} is not the file that its card describes: SHA-256 {found[:12]}... instead of "
            f"{card['sha256'][:12]}...; it was changed or damaged. Copy or download it again, and do not trust this one"
        )


def _fill(network: nn.Module, tensors: dict[str, torch.Tensor], file: Path) -> None:
    """Load the tensors, or say in one line what does not fit."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    if expected != found:
        name = sorted(dict(expected.items() ^ found.items()))[0]
        raise ValueError(
            f"{file} holds the weights of another architecture than its card names: {name} is "
            f"{found.get(name, 'missing')} where {expected.get(name, 'nothing of that name')} is needed"
        )
    network.load_state_dict(tensors)
