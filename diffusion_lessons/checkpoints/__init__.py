"""Trained denoisers as two files: weights, and a card that says what they are and where they come from."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons import networks, schedules
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.checkpoints import cards, plans
from diffusion_lessons.checkpoints.captions import load_parts
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.estimates import check_prediction_type
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import choose_device, why_not_compiled
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.machine.files import Lock
from diffusion_lessons.networks.latent_unet import LatentUNet
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.optimise.techniques import apply
from diffusion_lessons.path import Path as GaussianPath

NEEDS = ("architecture", "path", "predicts", "shape", "classes")


def names() -> list[str]:
    """The denoisers that come with the package."""
    return sorted(file.stem for file in places.checkpoints().glob("*.safetensors") if "path" in cards.read_card(file))


def save(
    file: str | Path,
    network: nn.Module,
    path: GaussianPath | None,
    predicts: str | None,
    *,
    shape: tuple[int, ...],
    class_names: tuple[str, ...] | None = None,
    about: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
) -> Path:
    """Write `file` (.safetensors) and its card (.json), both or neither; return the weights' path.

    Weights are stored as `dtype`, half the size of what was trained. `about` are further entries of the card: data
    and licence, command, seed, device, training time, images seen, evaluation figures. For a network that is no
    denoiser, path and predicts are None.

    Raises ValueError for weights that are not finite (in `dtype`), OSError when the disk is full.
    """
    check_value("path", path, GaussianPath | None)
    if path is not None:
        check_prediction_type(str(predicts), path)
    check_value("shape", shape, tuple[int, ...], 1)
    check_value("class_names", class_names, tuple[str, ...] | None)
    card = {
        "architecture": networks.card(network),
        "parameters": networks.count_parameters(network),
        "stored_as": str(dtype).removeprefix("torch."),
        **({"path": path.card, "predicts": predicts} if path is not None else {}),
        "shape": list(shape),
        "classes": list(class_names) if class_names is not None else None,
        **(about or {}),
    }
    tensors = {
        name: value.to(dtype) if value.is_floating_point() else value for name, value in network.state_dict().items()
    }
    return cards.write(file, tensors, card)


def load(name_or_path: str | Path, device: str | torch.device = "cpu", *, compile: bool = False) -> Denoiser:
    """A denoiser ready to sample from: a checkpoint of the package by name, or any by its path, or a plan (.json).

    It carries `.path`, `.shape` of one sample, `.classes` (how many) and `.card`. Weights are float32, whatever they
    were stored as. Nothing is clipped: put `clip` outermost yourself. A `captions.CaptionDenoiser` comes with its text
    encoder and its autoencoder, which have files of their own.

    compile: through torch.compile, which takes up to a minute at the first call with a batch of a new size, and pays
        when many follow: small batches on a GPU gain most, since their steps are recorded once and replayed.

    Raises FileNotFoundError for a missing file or card, ValueError for a file that is truncated, changed, or not of
    the architecture that its card names, and where compiling was asked for and cannot work.
    """
    if plans.is_plan(name_or_path):
        return _planned(name_or_path, device, compile)
    target = choose_device(device)
    tensors, card = cards.read(name_or_path, NEEDS)
    network, described = cards.network(name_or_path, tensors, card)
    network = plain = network.to(target).eval().requires_grad_(False)
    if compile:
        network = _compiled(network, target, name_or_path)
    parts = load_parts(cards.find(name_or_path), card, target) if isinstance(plain, LatentUNet) else None
    try:
        path, predicts = schedules.from_card(card["path"]), card["predicts"]
        if parts is not None and isinstance(plain, LatentUNet):
            compiled = network if compile else None
            return CaptionDenoiser(plain, *parts, path, predicts, shape=described.shape, card=card, compiled=compiled)
        return Denoiser(
            network,
            path,
            predicts,
            classes=len(described.classes) if described.classes is not None else None,
            shape=described.shape,
            card=card,
            times=described.times,
        )
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"the card of {name_or_path} is damaged or for another version: {error}; copy it again"
        ) from error


def _planned(file: str | Path, device: str | torch.device, compile: bool) -> Denoiser:
    """What a plan describes: its parent with all that is done to it, and a card that names both."""
    plan, target = plans.read(file), choose_device(device)
    parent = load(plan.parent, target)
    plans.check_parent(plan, parent)
    faster = apply(parent, plan.techniques, plans.moved_to(plan.weights, target))
    faster = copy.copy(faster)  # without techniques it is the parent itself
    faster.card = plans.card_of(plan, parent.card or {}, Path(file).stem, faster)
    if compile or plan.techniques.compile:
        done = plan.techniques
        if isinstance(faster, CaptionDenoiser) or done.int8 or done.onnx or done.features > 1:
            why = ", ".join(done.words) or "it is told in words"
            raise ValueError(f"{file} is not compiled as a whole: {why}")
        faster.network = _compiled(network_of(faster), target, file)
    return faster


def _compiled(network: nn.Module, device: torch.device, name: str | Path) -> nn.Module:
    if reason := why_not_compiled(device):
        raise ValueError(f"{name} cannot be compiled: {reason}; leave compile=False")
    return _Compiled(network, graphs=device.type == "cuda")


class _Compiled(nn.Module):
    """The network through torch.compile, for each size of batch; with `graphs` a GPU records its steps to replay them.

    Sizes are fixed, since kernels for any size are slower: PyTorch itself would turn to them at the second one.
    """

    def __init__(self, network: nn.Module, graphs: bool) -> None:
        super().__init__()
        self.network = torch.compile(network, mode="reduce-overhead" if graphs else None, dynamic=False)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network(*inputs).clone()  # a replayed graph writes into the same memory at each call


def amend(name_or_path: str | Path, **entries: Any) -> dict[str, Any]:
    """Add entries to a card, such as `evaluation={...}`, after the weights were written; return the new card."""
    file = cards.find(name_or_path)
    with Lock(file.with_suffix(".json"), seconds=60):  # two that add to one card both stay
        card = {**cards.read_card(file), **entries}
        cards.write_card(file, card)
    return card
