"""A training run: everything that changes while training, and how it is saved and resumed."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import nn

from diffusion_lessons import checkpoints
from diffusion_lessons.data import Data
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.devices import device_name, training_precision
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.training.ema import EMA
from diffusion_lessons.training.pairs import Pairs
from diffusion_lessons.training.recipes import Recipe


class Run:
    """Weights, their average, the optimiser, and how far training has come.

    `step` counts updates, `seconds` the time spent in them, also before an interruption.
    """

    def __init__(
        self, recipe: Recipe, data: Data | Pairs, device: torch.device, seed: int, precision: str = "auto"
    ) -> None:
        self.recipe, self.device, self.seed = recipe, device, seed
        self.step, self.seconds = 0, 0.0
        self.shape, self.class_names, self.data_card = data.shape, data.classes, data.card
        self.path, self.precision = recipe.make_path(), training_precision(precision, device)
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

    def start_from(self, network: nn.Module) -> None:
        """Begin with the weights of a network of the same shape, in the averages as well."""
        self.network.load_state_dict(network.state_dict())
        for average in self.averages.values():
            average.network.load_state_dict(network.state_dict())

    @property
    def images(self) -> int:
        """The number of images seen so far."""
        return self.step * self.recipe.batch

    def denoiser(self) -> Denoiser:
        """The averaged network as it stands, as a denoiser: sample from it while training goes on."""
        shape, classes = self.shape, len(self.class_names)
        return Denoiser(self.ema.network, self.path, self.recipe.predicts, classes=classes, shape=shape)

    def save_state(self, file: Path) -> None:
        """Write all of it to one file, which is replaced whole or not at all."""
        content = io.BytesIO()
        torch.save(
            {
                "recipe": self.recipe.card(),
                "seed": self.seed,
                "step": self.step,
                "seconds": self.seconds,
                "network": self.network.state_dict(),
                "averages": [average.network.state_dict() for average in self.averages.values()],
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.scaler.state_dict(),
            },
            content,
        )
        write_atomically(file, content.getvalue())

    def load_state(self, file: Path) -> None:
        """Go on from such a file. Raises ValueError if it belongs to another recipe or seed."""
        state: dict[str, Any] = torch.load(file, map_location=self.device, weights_only=True)
        mine = {**self.recipe.card(), "seed": self.seed}
        theirs = {**state["recipe"], "seed": state["seed"]}
        changed = sorted(key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key))
        if changed:
            differences = ", ".join(f"{key} was {theirs.get(key)!r} and is {mine.get(key)!r}" for key in changed)
            raise ValueError(f"{file} belongs to another run: {differences}. Use that recipe, or another folder")
        self.step, self.seconds = state["step"], state["seconds"]
        self.network.load_state_dict(state["network"])
        for average, weights in zip(self.averages.values(), state["averages"], strict=True):
            average.network.load_state_dict(weights)
        self.optimizer.load_state_dict(state["optimizer"])
        if state["scaler"] and self.scaler.is_enabled():  # a run in float16 may go on in another type, and back
            self.scaler.load_state_dict(state["scaler"])

    def save_checkpoints(self, folder: Path, **about: Any) -> Path:
        """Write every average with its card: folder/mnist-diffusion.safetensors, whose path is returned, and for each
        of the `other_shares` a file such as mnist-diffusion-ema0.05.safetensors, of which the best may be chosen.
        """
        name = self.recipe.checkpoint
        for share in self.recipe.other_shares:
            self.save_checkpoint(folder / f"{name}-ema{share:g}.safetensors", share, **about)
        return self.save_checkpoint(folder / f"{name}.safetensors", self.recipe.ema_share, **about)

    def save_checkpoint(self, file: str | Path, share: float, *, command: str | None = None, **about: Any) -> Path:
        """Write the average of this share of the run, and its card."""
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
            **self.recipe.about(),
            **about,
        }
        return checkpoints.save(
            file,
            self.averages[share].network,
            self.path,
            self.recipe.predicts,
            shape=self.shape,
            class_names=self.class_names,
            about=entries,
        )
