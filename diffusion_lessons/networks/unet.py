"""A U-Net for images from 8x8 digits to 32x32 photographs: one dataclass says how large.

An image goes down through levels, each half the size of the one above and usually wider, and up again; on the way up
every block also receives what the block at the same height put out on the way down. Time and class enter every block
as a scale and a shift of its normalised features (Dhariwal and Nichol 2021, "adaptive group normalisation").
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_count, check_fields
from diffusion_lessons.networks.attention import attend
from diffusion_lessons.networks.embedding import Clock, Embedding, unit_variance


@dataclass(frozen=True)
class UNetConfig:
    """Everything that decides a U-Net's shape.

    channels   of the image: 1 grey, 3 colour
    classes    how many classes there are, and so the index of the null class; None for no condition
    widths     features at each level, from fine to coarse
    blocks     residual blocks at each level on the way down, and as many on the way up
    attention  the levels (0 is the finest) whose blocks are followed by self-attention
    patch      side of the squares of pixels folded into channels at the start and unfolded at the end: with 2 the
               finest level works at half the resolution, on a quarter of the positions
    embedding  width of the time and class embedding
    dropout    share of features dropped inside each block while training
    T, clock   the path's end and what is embedded: 1000 t / T, or lambda on a variance-exploding path
    """

    channels: int = 1
    classes: int | None = 10
    widths: tuple[int, ...] = (64, 128)
    blocks: int = 1
    attention: tuple[int, ...] = ()
    patch: int = 1
    embedding: int = 128
    dropout: float = 0.0
    T: float = 1000.0
    clock: Clock = "time"

    def __post_init__(self) -> None:
        check_fields(
            self,
            channels=(1, 4096),
            classes=(1, 10**6),
            widths=(1, 2**14),
            blocks=(1, 64),
            attention=(0, 63),
            patch=(1, 64),
            embedding=(2, 2**16),
            dropout=(0, 1),
            T=(1e-6, 1e9),
        )
        check_count("widths", self.widths, 1, 16)


def normalise(width: int) -> nn.GroupNorm:
    """Group normalisation with 8 features a group or more."""
    return nn.GroupNorm(min(32, max(1, width // 8)), width)


def zeroed(layer: nn.Module) -> nn.Module:
    """The layer, starting at zero, so that a block with a shortcut starts as the identity and a network predicts 0."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer


class Block(nn.Module):
    """h + conv(silu(scaled norm(conv(silu(norm(h)))))): two convolutions and the embedding between them."""

    def __init__(self, inputs: int, outputs: int, config: UNetConfig, attention: bool = False) -> None:
        super().__init__()
        self.norm1, self.norm2 = normalise(inputs), normalise(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = zeroed(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.scale_shift = nn.Linear(config.embedding, 2 * outputs)
        self.dropout = nn.Dropout(config.dropout)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.attention = Attention(outputs) if attention else nn.Identity()

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:  # [B, inputs, H, W] -> [B, outputs, H, W]
        out = self.conv1(F.silu(self.norm1(h)))
        scale, shift = self.scale_shift(embedding)[:, :, None, None].chunk(2, dim=1)  # [B, outputs, 1, 1] each
        out = self.norm2(out) * (1 + scale) + shift
        out = self.conv2(self.dropout(F.silu(out)))
        return self.attention(self.shortcut(h) + out)


class Attention(nn.Module):
    """Every position attends to every other: self-attention over the H W positions, heads of 32 features."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // 32)
        self.norm = normalise(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.project = zeroed(nn.Linear(width, width))

    def forward(self, h: Tensor) -> Tensor:
        B, C, H, W = h.shape
        tokens = self.norm(h).flatten(2).transpose(1, 2)  # [B, H W, C]
        qkv = self.qkv(tokens).view(B, H * W, 3, self.heads, C // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # [B, heads, H W, C / heads] each
        mixed = attend(q, k, v).transpose(1, 2).reshape(B, H * W, C)
        return h + self.project(mixed).transpose(1, 2).reshape(B, C, H, W)


class Level(nn.Module):
    """One height of the U: blocks on the way down, everything below at half the size, blocks on the way up."""

    def __init__(self, config: UNetConfig, height: int = 0) -> None:
        super().__init__()
        width, attention = config.widths[height], height in config.attention
        self.down = nn.ModuleList(Block(width, width, config, attention) for _ in range(config.blocks))
        self.up = nn.ModuleList(Block(2 * width, width, config, attention) for _ in range(config.blocks))
        self.lowest = height + 1 == len(config.widths)
        if self.lowest:
            self.below: nn.Module = Block(width, width, config, attention=bool(config.attention))
        else:
            wider = config.widths[height + 1]
            self.shrink = nn.Conv2d(width, wider, 3, stride=2, padding=1)  # 28 -> 14, 7 -> 4
            self.below = Level(config, height + 1)
            self.grow = nn.Conv2d(wider, width, 1)

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:  # [B, width, H, W] -> the same
        skips = []
        for block in self.down:
            h = block(h, embedding)
            skips.append(h)
        if self.lowest:
            h = self.below(h, embedding)
        else:
            deeper = self.grow(self.below(self.shrink(h), embedding))  # [B, width, H / 2, W / 2]
            h = F.interpolate(deeper, size=h.shape[-2:], mode="nearest")  # the size of h: 4 comes back as 7
        for block in self.up:
            h = block(torch.cat([h, skips.pop()], dim=1), embedding)
        return h


class UNet(nn.Module):
    """network(x, t) or network(x, t, condition): x [B, channels, H, W], t [B] in the path's units, condition [B]."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        width, pixels = config.widths[0], config.channels * config.patch**2
        self.embed = Embedding(config.embedding, config.classes, config.T, config.clock)
        self.stem = nn.Conv2d(pixels, width, 3, padding=1)
        self.levels = Level(config)
        self.norm = normalise(width)
        self.out = zeroed(nn.Conv2d(width, pixels, 3, padding=1))

    def forward(self, x: Tensor, t: Tensor, condition: Tensor | None = None) -> Tensor:
        H, W = x.shape[-2:]
        patch = self.config.patch
        embedding = F.silu(self.embed(t, condition, x.dtype)).to(x.dtype)  # [B, embedding]
        h = unit_variance(x, t, self.config.clock)
        right, bottom = patch - 1 - (W - 1) % patch, patch - 1 - (H - 1) % patch  # 0, or what a full patch lacks
        h = F.pad(h, (0, right, 0, bottom))
        h = self.stem(F.pixel_unshuffle(h, patch))  # [B, width, H / patch, W / patch]
        h = self.levels(h, embedding)
        out = F.pixel_shuffle(self.out(F.silu(self.norm(h))), patch)
        return out[..., :H, :W]
