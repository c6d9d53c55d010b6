"""What is done to a network to make it faster, as data: kept in a plan, applied in one order, refused where two exclude
each other.

    faster = apply(load("mnist-diffusion"), Techniques(blocks=("levels.down.0",), features=3))
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.optimise.block_pruning import without_blocks
from diffusion_lessons.optimise.channel_pruning import prune_channels, shaped_like
from diffusion_lessons.optimise.feature_cache import reuse_features
from diffusion_lessons.optimise.head_pruning import Head, without_heads
from diffusion_lessons.optimise.int8 import to_int8
from diffusion_lessons.optimise.onnx_runtime import to_onnx


@dataclass(frozen=True)
class Techniques:
    """The techniques that change a network, in the order in which they are applied.

    blocks    residual blocks that are left out (`without_blocks`)
    heads     attention heads that are cut out (`without_heads`), as "levels.down.reading:2"
    channels  share of the channels that is removed (`prune_channels`), or 0
    trained   images on which the network was trained on after all that, or 0
    features  the deep features are computed at every so many times (`reuse_features`); order: 0 repeats them, 1 follows
              the line through the last two
    int8      products in int8 (`to_int8`)
    onnx      by ONNX Runtime, and with int8 in its own int8 (`to_onnx`)
    compile   through torch.compile, last

    Half precision, the placing of steps and the reuse of guidance's second pass are no part of the network: they are
    `Settings`. Raises ValueError for techniques that exclude each other, with the reason.
    """

    blocks: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    channels: float = 0.0
    trained: int = 0
    features: int = 1
    order: int = 0
    int8: bool = False
    compile: bool = False
    onnx: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(self.blocks))  # JSON has lists only
        object.__setattr__(self, "heads", tuple(self.heads))
        check_fields(self, channels=(0, 1), trained=(0, 10**12), features=(1, 10**6), order=(0, 1))
        if self.order and self.features == 1:
            raise ValueError("order 1 says how kept features go on, and none are kept: give features above 1 as well")
        if self.features > 1 and (self.int8 or self.compile or self.onnx):
            other = "exporting makes" if self.onnx else "int8 makes" if self.int8 else "compiling makes"
            raise ValueError(
                f"kept features leave a part of the network out at some times, and {other} the whole network one "
                "program, of which no part can be left out: choose one of the two"
            )
        if self.onnx and self.compile:
            raise ValueError(
                "ONNX Runtime computes the whole network, and nothing is left to compile: leave compile out"
            )
        if self.int8 and self.compile:
            raise ValueError("int8 is compiled already: leave compile out")

    @property
    def words(self) -> tuple[str, ...]:
        """Each technique in a few words: ("1 block less", "features every 3")."""
        found = [f"{len(self.blocks)} block{'s' * (len(self.blocks) > 1)} less"] if self.blocks else []
        found += [f"{len(self.heads)} head{'s' * (len(self.heads) > 1)} less"] if self.heads else []
        found += [f"{self.channels:.0%} of channels less"] if self.channels else []
        found += [f"trained on for {self.trained:,} images"] if self.trained else []
        found += [f"features every {self.features}{', on a line' * self.order}"] if self.features > 1 else []
        last = ["int8"] * self.int8 + ["compiled"] * self.compile
        return (*found, *(["int8 by ONNX Runtime" if self.int8 else "ONNX Runtime"] if self.onnx else last))

    @property
    def need_weights(self) -> bool:
        """Whether the network cannot be made from its parent's weights alone."""
        return bool(self.channels or self.trained)

    def to_json(self) -> dict[str, Any]:
        """What differs from a network to which nothing was done; `Techniques(**...)` is the inverse."""
        whole = asdict(Techniques())
        return {name: value for name, value in asdict(self).items() if value != whole[name]}


def apply(denoise: Denoiser, techniques: Techniques, weights: Mapping[str, Tensor] | None = None) -> Denoiser:
    """The denoiser with these techniques, but for `compile`, which `load` does; with none of them, the denoiser itself.

    weights: of the pruned network, if it was trained on, or to do without the library that pruned it. Raises what each
    of the techniques raises.
    """
    if techniques.blocks:
        denoise = without_blocks(denoise, techniques.blocks)
    if techniques.heads:
        denoise = without_heads(denoise, map(head_named, techniques.heads))
    if weights is not None:
        denoise = shaped_like(denoise, weights)
    elif techniques.channels:
        denoise = prune_channels(denoise, techniques.channels)
    if techniques.features > 1:
        denoise = reuse_features(denoise, techniques.features, order=techniques.order)
    if techniques.onnx:
        return to_onnx(denoise, int8=techniques.int8)
    return to_int8(denoise) if techniques.int8 else denoise


def head_named(text: str) -> Head:
    """ "levels.down.reading:2" -> ("levels.down.reading", 2)."""
    name, colon, number = text.rpartition(":")
    if not colon or not number.isdecimal():
        raise ValueError(f"a head is written NAME:NUMBER, such as levels.down.reading:2; got {text!r}")
    return name, int(number)
