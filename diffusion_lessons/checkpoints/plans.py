"""A plan: a small JSON file that says of which checkpoint a faster denoiser is made, how, and what that cost.

    write("runs/faster.json", "mnist-diffusion", Techniques(int8=True), settings=Settings("ddim", 10))
    denoise = load("runs/faster.json")

A plan names its parent with its hash. Where pruning changed the weights, they lie beside it (runs/faster.safetensors),
and the plan is their card.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine import places
from diffusion_lessons.machine.description import versions
from diffusion_lessons.machine.files import read_json, write_atomically
from diffusion_lessons.networks import count_parameters
from diffusion_lessons.optimise.copies import unet_of
from diffusion_lessons.optimise.techniques import Techniques
from diffusion_lessons.sampling import Settings

OF_THE_PARENT = ("evaluation", "bytes", "essence_sha256", "stored_as", "command")  # and not of what was made of it


@dataclass(frozen=True)
class Plan:
    """What a plan's file says.

    parent, parent_sha256  the checkpoint, by its name or path, and the hash of its weights
    techniques             what is done to its network
    settings               how it is meant to be sampled, or None
    measured               what it gained and cost, measured beside its parent
    weights                of the pruned network, or None
    sha256                 of the parent, the techniques and the weights together: what a measured row belongs to
    """

    parent: str
    parent_sha256: str
    techniques: Techniques
    settings: Settings | None
    measured: dict[str, Any]
    weights: dict[str, Tensor] | None
    sha256: str


def is_plan(name_or_path: str | Path) -> bool:
    """Whether this is the name of a plan's file, which ends in .json: a checkpoint's is given without its ending."""
    return isinstance(name_or_path, str | Path) and Path(name_or_path).suffix == ".json"


def check_place(file: str | Path) -> None:
    """Raise FileExistsError where what stands under a plan's name is no plan, and would be lost: a trained network."""
    file = places.expanded(file)
    weights = file.with_suffix(".safetensors")
    is_taken = "plan" not in read_json(file) if file.is_file() else weights.is_file()
    if is_taken:
        there = file if file.is_file() else weights
        raise FileExistsError(
            f"{there} is no plan, and writing one there would overwrite it: give the plan a name of its own"
        )


def write(
    file: str | Path,
    parent: str | Path,
    techniques: Techniques,
    *,
    settings: Settings | None = None,
    measured: dict[str, Any] | None = None,
    weights: dict[str, Tensor] | None = None,
) -> Path:
    """Write a plan, and the weights beside it where there are some; return the plan's path.

    Raises ValueError for a name that does not end in .json, and for weights that are missing or not needed;
    FileExistsError as `check_place` does.
    """
    file = places.expanded(file)
    if not is_plan(file):
        raise ValueError(f"a plan is a JSON file: give a name that ends in .json; got {file.name!r}")
    check_place(file)
    if techniques.need_weights != (weights is not None):
        needed = "need" if techniques.need_weights else "do not change"
        raise ValueError(f"these techniques {needed} weights of their own ({', '.join(techniques.words) or 'none'})")
    card: dict[str, Any] = {
        "parent": _name(parent),
        "parent_sha256": cards.read_card(parent)["sha256"],
        "plan": techniques.to_json(),
        "settings": None if settings is None else asdict(settings),
        "measured": measured or {},
    }
    if weights is None:
        content = json.dumps({**card, "versions": versions()}, indent=1, ensure_ascii=False)
        write_atomically(file, f"{content}\n".encode())
        return file
    tensors = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    return cards.write(file.with_suffix(".safetensors"), tensors, {**card, "stored_as": "float16"}).with_suffix(".json")


def read(file: str | Path) -> Plan:
    """A plan, and its weights where its techniques need some.

    Raises FileNotFoundError, ValueError for what is no plan, for techniques that exclude each other, and for weights
    that are missing, changed or truncated.
    """
    file = places.expanded(file)
    if not file.is_file():
        raise FileNotFoundError(f"no plan {file}: `diffusion-lessons optimise --help` says how one is made")
    content = read_json(file)
    if "plan" not in content or "parent" not in content:
        raise ValueError(f"{file} is no plan: if it is a checkpoint's card, give the name without .json")
    try:
        techniques = Techniques(**content["plan"])
        settings = None if content.get("settings") is None else Settings(**content["settings"])
        parent, parent_sha256 = str(content["parent"]), str(content["parent_sha256"])
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"the plan {file} is damaged or for another version: {error}; make it again") from error
    weights, own = None, ""
    if techniques.need_weights:
        weights, card = cards.read(file.with_suffix(".safetensors"), ("plan",))
        own = card["sha256"]
    essence = json.dumps([parent_sha256, techniques.to_json(), own], sort_keys=True)
    sha256 = hashlib.sha256(essence.encode()).hexdigest()
    return Plan(parent, parent_sha256, techniques, settings, dict(content.get("measured") or {}), weights, sha256)


def check_parent(plan: Plan, denoise: Denoiser) -> None:
    """Raise a ValueError if this is not the network for which the plan was made."""
    sha256 = (denoise.card or {}).get("sha256", "")
    if sha256 != plan.parent_sha256:
        raise ValueError(
            f"this plan was made for {plan.parent} {plan.parent_sha256[:12]}, and {plan.parent} is {sha256[:12]} now: "
            "make it again, since what was measured belongs to the other network"
        )


def card_of(plan: Plan, parent: dict[str, Any], name: str, denoise: Denoiser) -> dict[str, Any]:
    """The card of the faster denoiser: its parent's, less what was measured on that, and the plan."""
    kept = {key: value for key, value in parent.items() if key not in OF_THE_PARENT}
    converted = plan.techniques.int8 or plan.techniques.onnx  # its parameters are no network's any more
    own = {} if converted else {"parameters": count_parameters(unet_of(denoise))}
    return {
        **kept,
        **own,
        "name": name,
        "parent": plan.parent,
        "parent_sha256": plan.parent_sha256,
        "plan": plan.techniques.to_json(),
        "techniques": plan.techniques.words,
        "settings": None if plan.settings is None else asdict(plan.settings),
        "measured": plan.measured,
        "sha256": plan.sha256,
    }


def _name(parent: str | Path) -> str:
    """A shipped name as it is, a path made absolute: the plan may be kept in another folder."""
    file = cards.find(parent)
    return file.stem if file.parent == places.checkpoints() else str(file.absolute().with_suffix(""))


def moved_to(weights: dict[str, Tensor] | None, device: torch.device) -> dict[str, Tensor] | None:
    """The weights on this device."""
    return None if weights is None else {name: value.to(device) for name, value in weights.items()}
