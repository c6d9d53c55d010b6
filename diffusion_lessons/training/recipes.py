"""What is trained, on what, and for how long: one dataclass, one place.

Work is counted in images seen, never in minutes, so a recipe gives the same network on a slow and on a fast machine.
Each recipe comes as diffusion and as flow matching with the same network, data and budget.
"""

import shlex
from dataclasses import dataclass, field, fields, replace
from pathlib import Path as FilePath
from typing import Any, ClassVar, Literal

from torch import nn

from diffusion_lessons import checkpoints
from diffusion_lessons.data import Data, known_as, load_data
from diffusion_lessons.data.smudged import with_smudged
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.networks.unet import UNet, UNetConfig
from diffusion_lessons.training.base import DenoiserRecipe, as_text, changed
from diffusion_lessons.training.batches import Batch, Coupling, draw_batch
from diffusion_lessons.training.losses import Weighting
from diffusion_lessons.training.pairs import Pairs

Kind = Literal["diffusion", "flow"]


@dataclass(frozen=True)
class Recipe(DenoiserRecipe):
    """One way of training one U-Net on images and their classes.

    name, kind          "mnist-small", "diffusion" or "flow"
    data                what `load_data` reads; smudged: share of spoiled copies added as a class of their own, or 0
    network             the U-Net; its channels, classes and T are set by the data and the path
    coupling            which noise goes with which image: "independent", or "optimal" (minibatch optimal transport),
                        for training without labels: condition_dropout=1
    The other fields are those of every denoiser's recipe (`DenoiserRecipe`).
    """

    network: UNetConfig = field(default_factory=UNetConfig)
    kind: Kind = "diffusion"
    weighting: Weighting = None
    coupling: Coupling = "independent"
    smudged: float = 0.0
    flip: bool = False

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {**DenoiserRecipe.RANGES, "smudged": (0, 1)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.coupling == "optimal" and self.condition_dropout < 1:
            raise ValueError(
                'coupling="optimal" is for training without labels, whose noise would otherwise tell the label: '
                f"set condition_dropout=1; it is {self.condition_dropout:g}"
            )

    @property
    def checkpoint(self) -> str:
        """The name of what it trains: mnist-diffusion, digits-flow, ..."""
        return f"{self.data}-{self.kind}"

    @property
    def dropout(self) -> float:
        return self.network.dropout

    def load_data(self, folder: str | FilePath | None = None, **options: Any) -> Data:
        """The training images; options as of `data.load_data`.

        folder: where they lie as pictures, in place of torchvision's download. They are known by the recipe's name for
            them. Raises ValueError for a recipe that spoils some of its own images, and for a folder of other classes.
        """
        if folder is not None:
            if self.smudged:
                raise ValueError(
                    f"{self.name} spoils some of its own images: leave --data out, or train the folder itself"
                )
            return known_as(load_data(FilePath(folder), **options), self.data)
        images = load_data(self.data, **options)
        return with_smudged(images, self.smudged) if self.smudged else images

    def make_network(self, data: Data | Pairs) -> UNet:
        """The network with random weights, for these images and classes on this path."""
        config = replace(self.network, channels=data.shape[0], classes=len(data.classes), T=self.make_path().T)
        return UNet(config)

    def draw(self, data: Data | Pairs, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Batch:
        return draw_batch(
            data,
            self.batch,
            seed,
            step,
            condition_dropout=self.condition_dropout,
            flip=self.flip,
            coupling=self.coupling,
            rank=rank,
            world=world,
        )

    def denoiser(self, network: nn.Module, data: Data | Pairs) -> Denoiser:
        return Denoiser(network, self.make_path(), self.predicts, classes=len(data.classes), shape=data.shape)

    def save(self, file: str | FilePath, network: nn.Module, data: Data | Pairs, about: dict[str, Any]) -> FilePath:
        entries: dict[str, Any] = {"shape": data.shape, "class_names": data.classes, "about": about}
        return checkpoints.save(file, network, self.make_path(), self.predicts, **entries)

    def command(self, seed: int) -> str:
        """The command line that trains it, quoted for a shell; what no option can say stands behind it as a comment."""
        kind = [] if self.kind == "diffusion" else ["--kind", self.kind]
        known = get(self.name, self.kind) if self.name in names() else self
        return _command(["train", self.name, *kind], known, self, seed)


HOUR_ON_A_CORE = 800_000  # images of cifar10-small

# v on the cosine path and velocity with logit-normal times gave the samples nearest to real ones, of seven choices
# tried on the digits (benchmarks/choices.py; docs/training_speed.md has MNIST as well). digits and mnist-small are for
# one or two CPU cores: patches of 2 leave a quarter of the positions to compute, and with so few images batches of 64
# give better networks than batches of 128. The rest are for a GPU.
_SMALL = UNetConfig(widths=(64, 128, 96), patch=2)
_DIGITS = Recipe(
    "digits",
    "digits",
    images=150_000,
    batch=64,
    network=UNetConfig(widths=(32, 64), embedding=64),
    smudged=0.1,
    compile=False,
)  # compiling would take longer than a GPU takes for the training
_MNIST_SMALL = Recipe("mnist-small", "mnist", images=720_000, batch=64, network=_SMALL, times="logit_normal")
_MNIST = Recipe("mnist", "mnist", images=6_000_000, batch=256, network=_SMALL, times="logit_normal", compile="graphs")
_CIFAR10 = Recipe(
    "cifar10",
    "cifar10",
    images=12_000_000,
    batch=512,
    network=UNetConfig(channels=3, widths=(96, 192, 192), blocks=2, attention=(1, 2), embedding=256, dropout=0.1),
    learning_rate=1e-3,
    flip=True,
)
# For three hours of a CPU core, or a minute of a GPU, which CUDA graphs keep busy on a network so small. Times are
# uniform: logit-normal times on the cosine path would leave 0.2 % of the work, not 6 %, to noise below a tenth of the
# signal, where photographs have detail to learn. What the other choice would give was not measured.
_CIFAR10_SMALL = Recipe(
    "cifar10-small",
    "cifar10",
    images=2_560_000,
    batch=512,
    network=UNetConfig(channels=3, widths=(64, 128, 192), attention=(1,), patch=2, embedding=256),
    other_shares=(0.05,),
    flip=True,
    compile="graphs",
)
_RECIPES = {recipe.name: recipe for recipe in (_DIGITS, _MNIST_SMALL, _MNIST, _CIFAR10_SMALL, _CIFAR10)}


def names() -> tuple[str, ...]:
    """The recipes that `get` knows."""
    return tuple(_RECIPES)


def get(name: str, kind: Kind = "diffusion", **changes: Any) -> Recipe:
    """The recipe of this name, as diffusion or as flow, with any field changed: get("digits", images=50_000).

    Raises ValueError for an unknown name, kind or field.
    """
    if not isinstance(name, str) or name not in _RECIPES:
        raise ValueError(f"unknown recipe {name!r}; the recipes are {', '.join(names())}, or give a folder of images")
    return changed(_as(_RECIPES[name], kind), changes)


def for_data(data: Data, kind: Kind = "diffusion", *, gpu: bool | None = None, **changes: Any) -> Recipe:
    """A recipe for your own images: that of the named data set nearest in size, under the data's own name.

    gpu: whether it will be trained on one; None takes what this machine has.

    Without a GPU colour images get the small network, and all get as many images as one core trains on in an hour:
    fewer, the larger they are.
    """
    check_value("data", data, Data)
    gpu = choose_device().type != "cpu" if gpu is None else gpu
    side, colour = max(data.shape[1:]), data.shape[0] == 3
    nearest = _DIGITS if side <= 12 else _MNIST_SMALL if not colour else _CIFAR10 if gpu else _CIFAR10_SMALL
    if not gpu and side > 12:
        as_fast = (32 if colour else 28) / side  # the work grows with the number of pixels
        most = HOUR_ON_A_CORE if colour else nearest.images
        batch = min(nearest.batch, 128)  # so few images have to make enough steps
        nearest = replace(nearest, images=min(most, round(most * as_fast**2)), batch=batch)
    name = str(data.card["name"])
    return changed(_as(replace(nearest, name=name, data=name, smudged=0.0, flip=False), kind), changes)


def _command(words: list[str], known: Recipe, recipe: Recipe, seed: int) -> str:
    changes = {f.name: getattr(recipe, f.name) for f in fields(recipe)}
    changes = {name: value for name, value in changes.items() if value != getattr(known, name)}
    simple = {
        name: value for name, value in changes.items() if isinstance(value, bool | int | float | str | tuple | None)
    }
    options = [word for name, value in simple.items() for word in ("--set", f"{name}={as_text(value)}")]
    comment = ", ".join(f"{name}={value!r}" for name, value in changes.items() if name not in simple)
    line = shlex.join(["diffusion-lessons", *words, "--seed", str(seed), *options])
    return f"{line}  # with {comment}" if comment else line


def _as(recipe: Recipe, kind: Kind) -> Recipe:
    if kind == "diffusion":
        return recipe
    if kind == "flow":
        return replace(
            recipe, kind=kind, path={"path": "flow"}, predicts="velocity", times="logit_normal", weighting=None
        )
    raise ValueError(f'kind must be "diffusion" or "flow", not {kind!r}')
