"""What the training loop asks of any recipe: how long, how fast, and what is drawn, learned and written."""

from dataclasses import KW_ONLY, asdict, dataclass, field, fields, replace
from pathlib import Path as FilePath
from typing import Any, ClassVar, Literal, TypeVar

from torch import nn

from diffusion_lessons import checkpoints, schedules
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.estimates import check_prediction_type
from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.path import Path
from diffusion_lessons.sampling import Settings
from diffusion_lessons.training.losses import Times

LARGEST = 10**12  # of whatever is counted
R = TypeVar("R", bound="BaseRecipe")


@dataclass(frozen=True)
class BaseRecipe:
    """One way of training one network, of whatever kind: a kind is a subclass that makes it and draws its batches.

    name                of the recipe
    data                what it is trained on
    images              how many images are seen, over all passes and processes
    batch               of one step, over all processes
    learning_rate       at its peak: it rises over the first `warm_up` of the run and falls to 0 as half a cosine
    ema_share           of the run so far is what the average of the weights remembers; other_shares: those of further
                        averages, of which the best can be chosen afterwards
    compile             through torch.compile: True, False, or on a GPU only (None); "graphs" also records the step as
                        CUDA graphs, for networks so small that a GPU waits for what it is told to do next
    """

    name: str
    data: str
    images: int
    _: KW_ONLY
    batch: int = 128
    learning_rate: float = 2e-3
    warm_up: float = 0.05
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    ema_share: float = 0.1
    other_shares: tuple[float, ...] = ()
    compile: bool | Literal["graphs"] | None = None

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {  # of the numbers above, both ends included
        "images": (1, LARGEST),
        "batch": (1, LARGEST),
        "learning_rate": (1e-30, 1e38),
        "warm_up": (0, 1),
        "weight_decay": (0, 1e3),
        "clip_norm": (1e-12, LARGEST),
        "ema_share": (1e-6, 1),
        "other_shares": (1e-6, 1),
    }

    def __post_init__(self) -> None:
        check_fields(self, **self.RANGES)

    @property
    def steps(self) -> int:
        """Updates of the weights: images / batch, rounded up."""
        return -(-self.images // self.batch)

    @property
    def checkpoint(self) -> str:
        """The name of what it trains."""
        return self.name

    @property
    def checkpoints(self) -> dict[float, str]:
        """The name of the file for each average: {0.05: "mnist-diffusion-ema0.05", 0.1: "mnist-diffusion"}."""
        others = {share: f"{self.checkpoint}-ema{share:g}" for share in self.other_shares}
        return {**others, self.ema_share: self.checkpoint}

    @property
    def picture(self) -> Settings | None:
        """The settings with which samples are drawn while the network trains, if it draws any."""
        return None

    @property
    def dropout(self) -> float:
        """The share of features that the network drops in training."""
        return 0.0

    def card(self) -> dict[str, Any]:
        """The recipe as JSON keeps it."""
        return asdict(self)

    def command(self, seed: int) -> str:
        """The command line that trains it."""
        raise NotImplementedError(f"{type(self).__name__} has no command")

    def about(self) -> dict[str, Any]:
        """Entries of the checkpoint's card beside the recipe itself."""
        return {}

    def make_path(self) -> Path:
        """The path of a denoiser. Raises ValueError for a network that is none."""
        raise ValueError(f"{self.name} trains no denoiser, so it has no path")

    def make_network(self, data: Any) -> nn.Module:
        """The network with random weights."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it trains")

    def draw(self, data: Any, seed: int, step: int, *, rank: int = 0, world: int = 1) -> Any:
        """What process `rank` of `world` sees in this step: a named tuple of tensors, one row for each sample."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a step sees")

    def settle(self, network: nn.Module, data: Any, seed: int) -> None:
        """Measure what averaged weights need besides, before they are written: most networks need nothing."""

    def denoiser(self, network: nn.Module, data: Any) -> Denoiser:
        """The network as a denoiser, to sample from while training goes on. Raises ValueError where it is none."""
        raise ValueError(f"{self.name} trains no denoiser")

    def save(self, file: str | FilePath, network: nn.Module, data: Any, about: dict[str, Any]) -> FilePath:
        """Write the network and its card, of which `about` are further entries."""
        return checkpoints.save(file, network, None, None, shape=data.shape, about=about)


@dataclass(frozen=True)
class DenoiserRecipe(BaseRecipe):
    """One way of training one denoiser: to see data and noise in their mixture, told by a condition.

    path, predicts      the path's card, and what the network predicts on it
    times               how training times are drawn
    condition_dropout   share of conditions replaced by the null condition, which trains the unconditional branch for
                        guidance
    The other fields are those of every recipe (`BaseRecipe`).
    """

    path: dict[str, Any] = field(default_factory=lambda: {"path": "cosine", "T": 1000})
    predicts: str = "v"
    times: Times = "uniform"
    condition_dropout: float = 0.1

    RANGES: ClassVar[dict[str, tuple[float, float]]] = {**BaseRecipe.RANGES, "condition_dropout": (0, 1)}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_prediction_type(self.predicts, self.make_path())
        self.check_times()

    def check_times(self) -> None:
        """Raise a ValueError for times that do not suit the path."""
        if self.times == "log_normal" and self.make_path().card["path"] != "variance_exploding":
            raise ValueError(
                'times="log_normal" are the noise levels of a variance-exploding path; on any other nearly all of them '
                'would be times close to the data: take "uniform" or "logit_normal"'
            )

    @property
    def picture(self) -> Settings:
        """The settings with which samples are drawn while the network trains."""
        return Settings("ddim", 10)

    def make_path(self) -> Path:
        return schedules.from_card(self.path)


def as_text(value: object) -> str:
    """A value as it is typed behind `--set NAME=` or `-o NAME=`; a list of one ends in a comma, an empty one is one."""
    if isinstance(value, list | tuple):
        return ",".join(map(as_text, value)) + "," * (len(value) < 2)
    return {"True": "true", "False": "false", "None": "none"}.get(str(value), str(value))


def changed(recipe: R, changes: dict[str, Any]) -> R:
    """The recipe with these fields changed; a ValueError for a field that it does not have.

    A list, as the command line has them, is a tuple.
    """
    unknown = changes.keys() - {f.name for f in fields(recipe)}
    if unknown:
        raise ValueError(
            f"a recipe has no {', '.join(sorted(unknown))}; it has {', '.join(f.name for f in fields(recipe))}"
        )
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
    }
    return replace(recipe, **values)
