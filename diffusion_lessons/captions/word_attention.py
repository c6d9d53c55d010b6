"""Which word does the denoiser look at, and where? The weights of its cross-attention, and its heads one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from diffusion_lessons.captions.denoiser import CaptionDenoiser, Sentences, as_tokens
from diffusion_lessons.networks.latent_unet import Looking


@torch.no_grad()
def attention_of_words(denoise: CaptionDenoiser, x: Tensor, t: float, condition: Sentences) -> dict[str, Tensor]:
    """How much each position of x_t looks at each word, for every reading of the network.

    {"levels.down.reading": [B, heads, h, w, 1 + 14], ...}: the first of the 15 is the sentence's summary, the others
    are its words in their order; the 15 weights add up to 1, and places without a word have none.
    """
    maps: dict[str, Tensor] = {}

    def keep(name: str, reading: Looking) -> RemovableHandle:
        def hook(_: nn.Module, inputs: tuple[Any, ...]) -> None:
            h, text = inputs
            weights = reading.attention.weights(reading.tokens(h), text.states, text.mask)
            maps[name] = weights.unflatten(2, h.shape[-2:])  # [B, heads, h, w, 15]

        return reading.register_forward_pre_hook(hook)

    handles = [keep(name, reading) for name, reading in denoise.unet.readings().items()]
    try:
        denoise(x, t, condition)
    finally:
        for handle in handles:
            handle.remove()
    return maps


@contextmanager
def without_head(denoise: CaptionDenoiser, reading: str, head: int) -> Iterator[None]:
    """Inside, one head of one reading says nothing: what does the system get wrong without it?

    Raises ValueError for a reading or a head that the network does not have.
    """
    readings = denoise.unet.readings()
    if reading not in readings:
        raise ValueError(f"no reading {reading!r}; the readings are {', '.join(readings)}")
    gate = readings[reading].attention.gate
    if not 0 <= head < len(gate):
        raise ValueError(f"{reading} has heads 0..{len(gate) - 1}; got {head}")
    before = gate.clone()
    gate[head] = 0
    try:
        yield
    finally:
        gate.copy_(before)


def attention_of_word(denoise: CaptionDenoiser, x: Tensor, t: float, condition: Sentences, word: int) -> Tensor:
    """Where x_t looks at word number `word` (1 is the first), [B, h, w]: the mean over the finest readings' heads.

    Raises ValueError for a number beyond the sentence.
    """
    said = int((as_tokens(condition) > 0).sum(dim=1).min())
    if not 1 <= word <= said:
        raise ValueError(f"the sentence has words 1 to {said}; got {word}")
    maps = attention_of_words(denoise, x, t, condition).values()
    finest = max(weights.shape[2] for weights in maps)
    chosen = [weights[..., word].mean(dim=1) for weights in maps if weights.shape[2] == finest]  # [B, h, w] each
    return torch.stack(chosen).mean(dim=0)
