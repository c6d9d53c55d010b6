"""Attention with several heads: each position asks a question, and takes in what answers it.

    softmax(q k^T / sqrt(d)) v,   q = W_q x,  k = W_k c,  v = W_v c,   in every head of d features

With context c = x a sequence looks at itself (self-attention); with the states of a sentence as the context, an image
looks at words (cross-attention). Source: Vaswani et al. 2017, equation 1 and section 3.2.2.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """attention(x, context, mask): x [B, N, width], context [B, M, context_width], mask [B, M] -> [B, N, width].

    `mask` is True where the context may be looked at; each row needs one such position at least. `gate` [heads] is 1;
    a head whose gate is set to 0 is pruned: it says nothing.

    Raises ValueError for a width that the heads cannot share.
    """

    gate: Tensor

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads cannot share {width} features evenly: choose a divisor")
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(context_width or width, 2 * width)
        self.project = nn.Linear(width, width)
        self.register_buffer("gate", torch.ones(heads), persistent=False)

    def forward(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        q, k, v = self._split(x, context)
        mixed = attend(q, k, v, _for_all(mask))  # [B, heads, N, d]
        mixed = mixed * self.gate[:, None, None].to(mixed.dtype)
        return self.project(mixed.transpose(1, 2).flatten(2))  # [B, N, width]

    @torch.no_grad()
    def weights(self, x: Tensor, context: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Where each position looks: softmax(q k^T / sqrt(d)), [B, heads, N, M], each row adding up to 1."""
        q, k, _ = self._split(x, context)
        return attention_weights(q, k, _for_all(mask))

    def _split(self, x: Tensor, context: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [B, heads, N, d], keys and values [B, heads, M, d]."""
        key, value = self.key_value(x if context is None else context).chunk(2, dim=2)

        def in_heads(rows: Tensor) -> Tensor:
            return rows.unflatten(2, (self.heads, -1)).transpose(1, 2)

        return in_heads(self.query(x)), in_heads(key), in_heads(value)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(q k^T / sqrt(features)) v for each head: q [..., N, d], k and v [..., M, d] -> [..., N, d].

    `mask`, where there is one, is True for what may be looked at, of a shape that broadcasts to [..., N, M]. Written
    out for training on a CPU, where PyTorch's own takes six times as long to go backward through 8x8 positions.
    """
    if q.device.type == "cpu" and torch.is_grad_enabled():
        return attention_weights(q, k, mask).to(v.dtype) @ v
    return F.scaled_dot_product_attention(q, k, v, mask)


def attention_weights(q: Tensor, k: Tensor, mask: Tensor | None = None) -> Tensor:
    """Where each position looks: softmax(q k^T / sqrt(features)), [..., N, M], over what the mask shows."""
    scores = q @ k.mT * q.shape[-1] ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(dim=-1)


def _for_all(mask: Tensor | None) -> Tensor | None:
    """The same mask for all heads and queries: [B, M] -> [B, 1, 1, M]."""
    return None if mask is None else mask[:, None, None, :]
