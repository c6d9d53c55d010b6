"""Attention heads that are cut out: which word did a head serve?

faster = without_heads(load("captions-diffusion"), [("levels.down.reading", 2)])
names = least_missed_heads(denoise, 10, latents, sentences)

A head is a slice of the query, key, value and output matrices. `captions.word_attention.without_head` silences one for
a moment, which costs nothing and saves nothing; here its rows and columns are removed, so that the network computes the
same as with the head silenced, in less. Source: Michel et al. 2019, "Are sixteen heads really better than one?"
(https://arxiv.org/abs/1905.10650), who remove heads one by one.
"""

import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.networks.attention import MultiHeadAttention
from diffusion_lessons.optimise.block_pruning import loss_of
from diffusion_lessons.optimise.copies import copied, unet_of

Head = tuple[str, int]
PART = ".attention"  # of what looks


def head_names(denoise: Denoiser) -> list[Head]:
    """Every head of the U-Net, by the name of what it is part of and its number: [("levels.down.reading", 0), ...]."""
    return [(name, head) for name, attention in _attentions(denoise).items() for head in range(attention.heads)]


def without_heads(denoise: Denoiser, heads: Iterable[Head]) -> Denoiser:
    """The same denoiser without these heads; the result is that of the whole network with their gates at 0.

    Raises ValueError for a head that `head_names` does not list, for the last head of an attention, and for what
    `copied` refuses.
    """
    heads = [(str(name), int(number)) for name, number in heads]
    there = head_names(denoise)
    if not there:
        raise ValueError("this network has no attention heads to cut out; a captions network has some")
    if unknown := [head for head in heads if head not in there]:
        raise ValueError(f"no head {unknown[0]}; the heads are {', '.join(map(str, there))}")
    faster = copied(denoise)
    unet, attentions = unet_of(faster), _attentions(faster)
    for name in dict.fromkeys(name for name, _ in heads):
        attention = attentions[name]
        kept = [head for head in range(attention.heads) if (name, head) not in heads]
        if not kept:
            raise ValueError(f"all {attention.heads} heads of {name} are to be cut out: leave one")
        unet.set_submodule(f"{name}{PART}", _with_heads(attention, kept))
    return faster


def least_missed_heads(denoise: Denoiser, count: int, x0: Tensor, condition: Any = None, *, seed: int = 0) -> list[str]:
    """`count` heads to cut out, as "levels.down.reading:2": each is missed least once those before are gone.

    What a head is worth is the rise of the loss (`block_pruning.loss_of`) without it, on images x0 [B, ...] (latents
    for a network of latents) and what is said of them. Every attention keeps a head. Raises ValueError for more heads
    than can be spared.
    """
    there, parts = head_names(denoise), len(_attentions(denoise))
    if not 0 <= count <= len(there) - parts:
        raise ValueError(
            f"the network has {len(there)} heads in {parts} attentions, each of which keeps one; got {count} to cut out"
        )
    gone: list[Head] = []
    for _ in range(count):
        left = [head for head in there if head not in gone]
        spare = [head for head in left if sum(name == head[0] for name, _ in left) > 1]
        losses = {head: loss_of(without_heads(denoise, [*gone, head]), x0, condition, seed=seed) for head in spare}
        gone.append(min(losses, key=losses.__getitem__))
    return [f"{name}:{number}" for name, number in gone]


def _attentions(denoise: Denoiser) -> dict[str, MultiHeadAttention]:
    """By the name of the part that looks, as `LatentUNet.readings` names it."""
    parts = unet_of(denoise).named_modules()
    return {name.removesuffix(PART): part for name, part in parts if isinstance(part, MultiHeadAttention)}


def _with_heads(attention: MultiHeadAttention, kept: list[int]) -> MultiHeadAttention:
    """The attention with these heads only: rows of the queries, keys and values, columns of the projection."""
    width = attention.query.out_features
    size = width // attention.heads
    rows = torch.cat([torch.arange(size) + head * size for head in kept])
    both = torch.cat([rows, rows + width])  # keys first, then values
    smaller = copy.copy(attention)
    smaller._modules, smaller._buffers = {}, {}
    smaller.heads = len(kept)
    smaller.query = _rows(attention.query, rows)
    smaller.key_value = _rows(attention.key_value, both)
    smaller.project = _linear(attention.project.weight[:, rows], attention.project.bias)
    smaller.register_buffer("gate", attention.gate[kept], persistent=False)
    return smaller


def _rows(layer: nn.Linear, rows: Tensor) -> nn.Linear:
    return _linear(layer.weight[rows], layer.bias[rows])


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = (nn.Parameter(one.detach().clone(), requires_grad=False) for one in (weight, bias))
    return layer
