"""Tensors in a safetensors file, and beside it a JSON card that says what they are and where they come from.

safetensors holds numbers only, so loading a stranger's file runs none of its author's code; the card's SHA-256 tells a
truncated or changed file from the one that was written.
"""

import difflib
import hashlib
import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from diffusion_lessons import networks
from diffusion_lessons.machine import places
from diffusion_lessons.machine.description import versions
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.fields import check_count, check_fields
from diffusion_lessons.machine.files import read_json, unfinished, write_atomically, write_together

N = TypeVar("N", bound=nn.Module)
ESSENCE = ("architecture", "path", "predicts", "shape", "classes", "times", "stored_as", "bytes", "sha256")


def write(file: str | Path, tensors: dict[str, Tensor], card: dict[str, Any]) -> Path:
    """Write `file` (.safetensors) and its card (.json), both or neither; return the tensors' path.

    The card is completed with library versions, the size in bytes and the SHA-256 of the tensors' file, and a checksum
    of its own decisive entries.
    Raises ValueError for tensors that are not finite, OSError when the disk is full.
    """
    file = _with_suffix(file)
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    not_finite = [f"{name} ({value.dtype})" for name, value in tensors.items() if not value.isfinite().all()]
    if not_finite:
        raise ValueError(f"weights that are not finite are not saved: {', '.join(not_finite[:3])}")
    content = safetensors.torch.save(tensors)
    sha256 = hashlib.sha256(content).hexdigest()
    whole = {**card, "versions": versions(), "bytes": len(content), "sha256": sha256}
    write_together({file: content, file.with_suffix(".json"): _json(whole)})
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
    """The .safetensors file of a shipped name or of a path (with or without its suffix).

    Raises FileNotFoundError where there is none, ValueError for what is neither a name nor the path of a file.
    """
    file = _with_suffix(name_or_path)
    shipped = places.checkpoints() / f"{name_or_path}.safetensors"
    if str(name_or_path) == Path(name_or_path).name and shipped.is_file():
        return shipped
    if not file.is_file():
        names = sorted(shipped.stem for shipped in places.checkpoints().glob("*.safetensors"))
        near = difflib.get_close_matches(str(name_or_path).lower(), names, n=1, cutoff=0.8)
        meant = f"did you mean {near[0]!r}? The" if near else "the"
        raise FileNotFoundError(
            f"no checkpoint {str(name_or_path)!r}: {meant} package ships {', '.join(names) or 'none'}, and there is no "
            f"file {file}. Make one with `diffusion-lessons {_maker(file.stem)}`"
        )
    return file


def read_card(name_or_path: str | Path, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The card of a file, read without loading its tensors."""
    tensors = find(name_or_path)
    file = tensors.with_suffix(".json")
    if others := unfinished(file):  # a process was killed between the tensors and the card
        sha256 = hashlib.sha256(tensors.read_bytes()).hexdigest()
        file = next((card for card in [file, *others] if f'"{sha256}"'.encode() in _content(card)), file)
    if not file.is_file():
        raise FileNotFoundError(f"{tensors} has no card: copy {file.name} next to it")
    try:
        card = read_json(file)
    except ValueError as error:
        raise ValueError(f"the card {error}; copy it again") from error
    if missing := {"bytes", "sha256", *needs} - set(card):
        raise ValueError(
            f"the card {file} says nothing of {', '.join(sorted(missing))}: what it describes is of another kind than "
            "what is asked for (a classifier is no denoiser), or the card is damaged; copy it again"
        )
    if type(card["bytes"]) is not int or not isinstance(card["sha256"], str):
        raise ValueError(f"the card {file} is damaged: bytes are a whole number and sha256 is a text; copy it again")
    if card.get("essence_sha256", _essence(card)) != _essence(card):
        raise ValueError(
            f"the card {file} was changed or damaged in what decides the network ({', '.join(ESSENCE)}): copy it "
            "again, or delete its essence_sha256 if that was meant"
        )
    return card


def write_card(file: Path, card: dict[str, Any]) -> None:
    """Write the card of `file` (.safetensors)."""
    write_atomically(file.with_suffix(".json"), _json(card))


@dataclass(frozen=True)
class Described:
    """What a network's card says beside its architecture, checked: the shape of one sample, the names of its classes,
    and the times for which a student was trained.
    """

    shape: tuple[int, ...]
    classes: tuple[str, ...] | None
    times: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_fields(self, shape=(1, 4096))
        check_count("shape", self.shape, 1, 3)


def network(file: str | Path, tensors: dict[str, Tensor], card: dict[str, Any]) -> tuple[nn.Module, Described]:
    """The network of a card, with these tensors as its weights.

    It is first made without memory (on PyTorch's device "meta") and compared with the tensors, so that a card with wild
    values is refused before anything is allocated.
    Raises ValueError, in one line, for a card that describes no network of this version, or not these tensors.
    """
    try:
        described = Described(_tuple(card["shape"]), _tuple(card["classes"]), _tuple(card.get("times")))
        with torch.device("meta"):
            skeleton = networks.build(card["architecture"])
        _check_inputs(skeleton, described)
    except (ValueError, RuntimeError) as error:  # sizes beyond 64 bits, too, are refused by PyTorch
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"the card of {file} is damaged or for another version: {reason}; copy it again") from error
    expected, given = _kinds(skeleton.state_dict()), _kinds(tensors)
    if expected != given:
        name = sorted(dict(expected.items() ^ given.items()))[0]
        raise ValueError(
            f"{file} holds the weights of another architecture than its card names: {name} is "
            f"{given.get(name, 'missing')} where {expected.get(name, 'nothing of that name')} is needed"
        )
    made = networks.build(card["architecture"])
    made.load_state_dict(tensors)
    return made, described


def load_network(file: str | Path, kind: type[N], device: str | torch.device) -> tuple[N, dict[str, Any]]:
    """A network of this kind, ready for use on `device`, and its card. Raises what `read` and `network` raise, and
    ValueError for a network of another kind."""
    tensors, card = read(file, ("architecture", "shape", "classes"))
    made, _ = network(file, tensors, card)
    if not isinstance(made, kind):
        raise ValueError(f"{file} is no {kind.__name__}: its card says {card['architecture']['network']!r}")
    return made.to(choose_device(device)).eval().requires_grad_(False), card


def _check_inputs(skeleton: nn.Module, described: Described) -> None:
    config: Any = skeleton.config
    first = config.dims if isinstance(config, networks.MLPConfig) else config.channels
    if described.shape[0] != first or (len(described.shape) == 1) != isinstance(config, networks.MLPConfig):
        raise ValueError(f"its samples have shape {described.shape}, and its network takes {first} channels or numbers")
    if described.classes is not None and len(described.classes) != config.classes:
        raise ValueError(f"it names {len(described.classes)} classes, and its network has {config.classes}")


def _kinds(tensors: dict[str, Tensor]) -> dict[str, str]:
    """The shape of each tensor, and whether its values are whole numbers."""
    return {
        name: f"{tuple(value.shape)}{'' if value.is_floating_point() else ' of whole numbers'}"
        for name, value in tensors.items()
    }


def _tuple(values: Any) -> Any:
    return tuple(values) if isinstance(values, list) else values


def _maker(name: str) -> str:
    """The command that makes a file of this name."""
    if name.endswith("-classifier"):
        return f"classifier {shlex.quote(name.removesuffix('-classifier'))}"
    if name.endswith("-features"):
        data = name.removesuffix("-features")
        return f"features {shlex.quote(data)} --classifier {shlex.quote(str(places.CLASSIFIERS / data))}"
    return f"train {name}" if name.startswith("captions-") else "train"


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _json(card: dict[str, Any]) -> bytes:
    return (json.dumps({**card, "essence_sha256": _essence(card)}, indent=2) + "\n").encode()


def _essence(card: dict[str, Any]) -> str:
    """A checksum of the entries that decide what is loaded; the others may be edited."""
    decisive = {name: card.get(name) for name in ESSENCE}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def stem(name_or_path: str | Path) -> str:
    """The name by which a checkpoint or a plan is known: without folders and .safetensors or .json, and no further."""
    return Path(name_or_path).name.removesuffix(".safetensors").removesuffix(".json")


def _with_suffix(file: str | Path) -> Path:
    file = places.expanded(file)
    if not file.name or file.name == "..":
        raise ValueError(f"{str(file)!r} is a folder: give the name of a shipped checkpoint, or of a file")
    return file if file.suffix == ".safetensors" else file.with_name(file.name + ".safetensors")
