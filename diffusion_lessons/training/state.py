"""A training run: everything that changes while training, and how it is saved and resumed."""

import hashlib
import io
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.description import backend
from diffusion_lessons.machine.devices import device_name, tf32, training_precision
from diffusion_lessons.machine.files import Lock, write_atomically
from diffusion_lessons.path import Path as GaussianPath
from diffusion_lessons.training.base import BaseRecipe
from diffusion_lessons.training.ema import EMA


class Run:
    """Weights, their average, the optimiser, and how far training has come.

    `step` counts updates, `seconds` the time spent in them, also before an interruption; `loss` is the last reported.
    `folder` is where the run is kept, and `held` its lock; None for a run that is not kept.
    """

    def __init__(self, recipe: BaseRecipe, data: Any, device: torch.device, seed: int, precision: str = "auto") -> None:
        self.recipe: Any = recipe  # of the kind that the objective knows
        self.device, self.seed = device, seed
        self.step, self.seconds, self.loss = 0, 0.0, math.nan
        self.folder: Path | None = None
        self.held: Lock | None = None
        self._data = data
        self.shape, self.class_names, self.data_card = data.shape, data.classes, data.card
        self.precision = training_precision(precision, device)
        with torch.random.fork_rng(devices=[]):  # the caller's random stream stays as it was
            torch.manual_seed(seed)
            network = recipe.make_network(data)
        self.network: nn.Module = network.to(device)
        shares = dict.fromkeys((recipe.ema_share, *recipe.other_shares))
        self.averages = {share: EMA(self.network, share) for share in shares}
        self.ema = self.averages[recipe.ema_share]  # the one that is sampled from while training goes on
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == torch.float16)

    @cached_property
    def path(self) -> GaussianPath:
        """The path of a denoiser's training."""
        return self.recipe.make_path()

    def start_from(self, network: nn.Module) -> None:
        """Begin with the weights of a network of the same shape, in the averages as well."""
        self.network.load_state_dict(network.state_dict())
        for average in self.averages.values():
            average.network.load_state_dict(network.state_dict())

    @property
    def allows_tf32(self) -> bool:
        """Whether what is not half precision may be TF32: in a run that was asked for float32 it may not."""
        return self.precision is not None

    def use_layout(self, layout: torch.memory_format) -> None:
        """Keep weights, averages and the optimiser's moments in this order in memory."""
        for network in (self.network, *(average.network for average in self.averages.values())):
            network.to(memory_format=layout)
        self._align_moments()

    def _align_moments(self) -> None:
        """The moments in the order of their weights: a fused optimiser walks through memory and asks for no strides."""
        for parameter, moments in self.optimizer.state.items():
            for name, value in moments.items():
                if value.shape == parameter.shape:
                    moments[name] = torch.empty_like(parameter).copy_(value)

    @property
    def images(self) -> int:
        """The number of images seen so far."""
        return self.step * self.recipe.batch

    def denoiser(self) -> Denoiser:
        """The averaged network as it stands, as a denoiser: sample from it while training goes on."""
        return self.recipe.denoiser(self.ema.network, self._data)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What tells the images from others: a state goes on with these only."""
        sha256 = hashlib.sha256()
        for part in self._data.tensors:
            sha256.update(part.cpu().contiguous().numpy().tobytes())
        return {
            "number of images": len(self._data),
            "shape of an image": tuple(self.shape),
            "names of classes": tuple(self.class_names),
            "hash of pixels and labels": sha256.hexdigest()[:12],
        }

    def release(self) -> None:
        """Let other processes use the run's folder."""
        if self.held is not None:
            self.held.release()
            self.held = None

    def save_state(self, file: Path) -> None:
        """Write all of it, and a checksum, to one file, which is replaced whole or not at all."""
        content = io.BytesIO()
        torch.save(
            {
                "recipe": self.recipe.card(),
                "data": self.data,
                "seed": self.seed,
                "step": self.step,
                "seconds": self.seconds,
                "loss": self.loss,
                "network": self.network.state_dict(),
                "averages": [average.network.state_dict() for average in self.averages.values()],
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
            },
            content,
        )
        written = content.getvalue()
        write_atomically(file, written + hashlib.sha256(written).digest())

    def load_state(self, file: Path) -> None:
        """Go on from such a file. Raises ValueError if it is damaged, or belongs to other images, recipe or seed."""
        state = self._read_state(file)
        mine = {**self.recipe.card(), "seed": self.seed, **self.data}
        theirs = {**state["recipe"], "seed": state["seed"], **state["data"]}
        changed = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
        if changed:
            differences = ", ".join(f"{key} was {_shown(theirs, key)} and is {_shown(mine, key)}" for key in changed)
            raise ValueError(
                f"{file} belongs to another run: {differences}. Use that recipe and those images, or another folder"
            )
        self.step, self.seconds, self.loss = state["step"], state["seconds"], state["loss"]
        self.network.load_state_dict(state["network"])
        for average, weights in zip(self.averages.values(), state["averages"], strict=True):
            average.network.load_state_dict(weights)
        self.optimizer.load_state_dict(state["optimizer"])
        self._align_moments()  # a GPU's state may be in another order than a CPU's
        if state["scaler"] and self.scaler.is_enabled():  # a run in float16 may go on in another type, and back
            self.scaler.load_state_dict(state["scaler"])

    def _read_state(self, file: Path) -> dict[str, Any]:
        content = file.read_bytes()
        written, digest = content[:-32], content[-32:]
        if hashlib.sha256(written).digest() != digest:
            raise ValueError(
                f"{file} is damaged, or of another version, and cannot be resumed: delete it (--overwrite), or use "
                "another folder (--out)"
            )
        return torch.load(io.BytesIO(written), map_location=self.device, weights_only=True)

    def save_checkpoints(self, folder: Path, **about: Any) -> Path:
        """Write every average with its card, as `recipe.checkpoints` names them; return the file of the run's own.

        Of the `other_shares` the best may be chosen afterwards.
        """
        for share, name in self.recipe.checkpoints.items():
            file = self.save_checkpoint(folder / f"{name}.safetensors", share, **about)
        return file

    def save_checkpoint(self, file: str | Path, share: float, *, command: str | None = None, **about: Any) -> Path:
        """Write the average of this share of the run, and its card."""
        network = self.averages[share].network
        self.recipe.settle(network, self._data, self.seed)
        with tf32(self.allows_tf32):
            computed_by = backend(self.device)
        entries = {
            "data": self.data_card,
            "recipe": self.recipe.card(),
            "command": command or self.recipe.command(self.seed),
            "seed": self.seed,
            "device": device_name(self.device),
            "precision": str(self.precision or torch.float32).removeprefix("torch."),
            "threads": torch.get_num_threads(),
            "images_seen": self.images,
            "ema_share": share,
            "training_seconds": round(self.seconds, 1),
            "evaluation": {},
            **({"backend": computed_by} if computed_by else {}),
            **self.recipe.about(),
            **about,
        }
        return self.recipe.save(file, network, self._data, entries)


def _shown(values: dict[str, Any], key: str, most: int = 80) -> str:
    text = repr(values.get(key))
    return text if len(text) <= most else f"{text[:most]}..."
