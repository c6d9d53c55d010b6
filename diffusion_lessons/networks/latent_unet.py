"""The denoiser of a text-to-image system: a small U-Net on latents whose every level looks at the sentence.

It is the U-Net of `unet.py` with one thing more: after each block, every position asks the words what they say about it
(cross-attention). Source: Rombach et al. 2022, section 3.3.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_count, check_fields
from diffusion_lessons.networks.attention import MultiHeadAttention
from diffusion_lessons.networks.embedding import Embedding
from diffusion_lessons.networks.text import TextStates
from diffusion_lessons.networks.unet import Block, UNetConfig, normalise, zeroed


@dataclass(frozen=True)
class LatentUNetConfig:
    """Everything that decides the network's shape.

    channels    of the latents
    widths      features at each level, from fine to coarse
    heads       of self- and cross-attention at each level
    context     size of the sentence's states
    embedding   size of the time embedding
    T           the path's end; 1000 t / T is embedded
    """

    channels: int = 4
    widths: tuple[int, ...] = (128, 128)
    heads: tuple[int, ...] = (4, 4)
    context: int = 96
    embedding: int = 128
    T: float = 1000.0

    def __post_init__(self) -> None:
        check_fields(
            self,
            channels=(1, 4096),
            widths=(1, 2**14),
            heads=(1, 100),
            context=(1, 2**14),
            embedding=(2, 2**14),
            T=(1e-6, 1e9),
        )
        check_count("widths", self.widths, 1, 16)


class Looking(nn.Module):
    """h + project(attention(norm(h), context)): positions of an image look at one another, or at words."""

    def __init__(self, width: int, heads: int, context: int | None = None) -> None:
        super().__init__()
        self.norm = normalise(width)
        self.attention = MultiHeadAttention(width, heads, context)
        zeroed(self.attention.project)

    def forward(self, h: Tensor, text: TextStates | None = None) -> Tensor:  # [B, width, H, W] -> the same
        context, mask = (None, None) if text is None else (text.states, text.mask)
        mixed = self.attention(self.tokens(h), context, mask)
        return h + mixed.transpose(1, 2).reshape(h.shape)

    def tokens(self, h: Tensor) -> Tensor:
        """The normalised positions in a row: [B, H W, width]."""
        return self.norm(h).flatten(2).transpose(1, 2)


class TextBlock(nn.Module):
    """A residual block, self-attention, then cross-attention to the sentence."""

    def __init__(self, inputs: int, outputs: int, heads: int, config: LatentUNetConfig) -> None:
        super().__init__()
        self.block = Block(inputs, outputs, UNetConfig(embedding=config.embedding))
        self.around = Looking(outputs, heads)
        self.reading = Looking(outputs, heads, config.context)

    def forward(self, h: Tensor, embedding: Tensor, text: TextStates) -> Tensor:
        return self.reading(self.around(self.block(h, embedding)), text)


class TextLevel(nn.Module):
    """One height of the U: a block down, everything below at half the size, a block up."""

    def __init__(self, config: LatentUNetConfig, height: int = 0) -> None:
        super().__init__()
        width, heads = config.widths[height], config.heads[height]
        self.down = TextBlock(width, width, heads, config)
        self.up = TextBlock(2 * width, width, heads, config)
        self.lowest = height + 1 == len(config.widths)
        if self.lowest:
            self.below: nn.Module = TextBlock(width, width, heads, config)
        else:
            wider = config.widths[height + 1]
            self.shrink = nn.Conv2d(width, wider, 3, stride=2, padding=1)
            self.below = TextLevel(config, height + 1)
            self.grow = nn.Conv2d(wider, width, 1)

    def forward(self, h: Tensor, embedding: Tensor, text: TextStates) -> Tensor:  # [B, width, H, W] -> the same
        skip = h = self.down(h, embedding, text)
        if self.lowest:
            h = self.below(h, embedding, text)
        else:
            deeper = self.grow(self.below(self.shrink(h), embedding, text))  # [B, width, H / 2, W / 2]
            h = F.interpolate(deeper, size=h.shape[-2:], mode="nearest")
        return self.up(torch.cat([h, skip], dim=1), embedding, text)


class LatentUNet(nn.Module):
    """network(x, t, text): latents x [B, channels, h, w], t [B] in the path's units, text of B sentences.

    The sentence's summary is added to the time embedding, as a class is in the U-Net without words.
    """

    def __init__(self, config: LatentUNetConfig = LatentUNetConfig()) -> None:
        super().__init__()
        if len(config.heads) != len(config.widths):
            raise ValueError(f"{len(config.widths)} levels and {len(config.heads)} numbers of heads: give one for each")
        self.config = config
        width = config.widths[0]
        self.embed = Embedding(config.embedding, None, config.T, "time")
        self.summary = nn.Linear(config.context, config.embedding)
        self.stem = nn.Conv2d(config.channels, width, 3, padding=1)
        self.levels = TextLevel(config)
        self.norm = normalise(width)
        self.out = zeroed(nn.Conv2d(width, config.channels, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor, text: TextStates) -> Tensor:
        embedding = F.silu(self.embed(t, dtype=x.dtype) + self.summary(text.states[:, 0])).to(x.dtype)  # [B, embedding]
        h = self.levels(self.stem(x), embedding, text)
        return self.out(F.silu(self.norm(h)))

    def readings(self) -> dict[str, Looking]:
        """Where the network looks at words, by name: {"levels.down.reading": ..., ...}."""
        return {name: part for name, part in self.named_modules() if name.endswith("reading")}
