"""A text encoder: a small transformer that turns word numbers into one vector for each word and one for the sentence.

Words look at one another in both directions, since nothing is to be predicted: every state may know its whole sentence,
so that "red" can tell the seven's red from the square's. (CLIP's own text encoder reads from left to right.)
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffusion_lessons.machine.fields import check_fields
from diffusion_lessons.networks.attention import MultiHeadAttention


@dataclass(frozen=True)
class TextConfig:
    """Everything that decides the encoder's shape.

    words, length        size of the vocabulary (number 0 is "no word"), and of the longest sentence
    width, layers, heads of the transformer
    out                  size of the sentence's embedding, shared with the images'
    """

    words: int = 48
    length: int = 14
    width: int = 96
    layers: int = 2
    heads: int = 4
    out: int = 64

    def __post_init__(self) -> None:
        check_fields(
            self, words=(1, 10**6), length=(1, 10**4), width=(1, 2**14), layers=(0, 100), heads=(1, 100), out=(1, 2**14)
        )


class TextStates(NamedTuple):
    """What the encoder knows of B sentences.

    states     [B, 1 + length, width]: first the summary of the sentence, then its words
    mask       bool [B, 1 + length]: True for the summary and for words, False where there is none
    embedding  [B, out]: the sentence as a point beside the images
    """

    states: Tensor
    mask: Tensor
    embedding: Tensor


class Layer(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x)): a transformer layer (pre-norm: Xiong et al. 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = MultiHeadAttention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # [B, N, width], bool [B, N] -> [B, N, width]
        x = x + self.attention(self.norm1(x), mask=mask)
        return x + self.mlp(self.norm2(x))


class TextEncoder(nn.Module):
    """network(tokens) -> TextStates, for word numbers [B, length]; a row of zeros is the empty sentence."""

    def __init__(self, config: TextConfig = TextConfig()) -> None:
        super().__init__()
        self.config = config
        self.word = nn.Embedding(config.words, config.width)
        self.position = nn.Parameter(0.02 * torch.randn(1 + config.length, config.width))
        self.summary = nn.Parameter(0.02 * torch.randn(config.width))
        self.layers = nn.ModuleList(Layer(config.width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, config.out)

    def forward(self, tokens: Tensor) -> TextStates:
        if tokens.ndim != 2 or tokens.shape[1] != self.config.length:
            raise ValueError(f"tokens have shape {list(tokens.shape)}; this encoder takes [B, {self.config.length}]")
        mask = F.pad(tokens > 0, (1, 0), value=True)  # [B, 1 + length]
        summary = self.summary.expand(len(tokens), 1, -1)
        x = torch.cat([summary, self.word(tokens)], dim=1) + self.position  # [B, 1 + length, width]
        for layer in self.layers:
            x = layer(x, mask)
        states = self.norm(x)
        return TextStates(states, mask, self.out(states[:, 0]))
