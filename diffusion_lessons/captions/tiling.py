"""Decoding large latents tile by tile, so that memory is that of one tile whatever the picture's size."""

from collections.abc import Callable

import torch
from torch import Tensor


def decode_tiled(decode: Callable[[Tensor], Tensor], latents: Tensor, tile: int = 8, overlap: int = 2) -> Tensor:
    """Pictures of latents [B, C, h, w], decoded in tiles of `tile` latents a side that overlap by `overlap`.

    Where tiles overlap they are blended with weights that rise linearly from a tile's border, where it lacks what its
    neighbour knows. Latents that fit into one tile are decoded as they are.

    Raises ValueError for a tile without a latent, and for an overlap that is not below half a tile.
    """
    if tile < 1:
        raise ValueError(f"a tile has 1 latent a side at least; got {tile}: leave it out to decode all in one piece")
    if not 0 <= 2 * overlap < tile:
        raise ValueError(f"an overlap of {overlap} needs tiles of more than {2 * overlap} latents; got {tile}")
    h, w = latents.shape[2:]
    if max(h, w) <= tile:
        return decode(latents)
    total = weight = None
    for top in _starts(h, tile, overlap):
        for left in _starts(w, tile, overlap):
            part = decode(latents[:, :, top : top + tile, left : left + tile])  # [B, 3, f tile, f tile]
            f = part.shape[2] // min(tile, h)  # pixels for each latent
            if total is None or weight is None:
                total = part.new_zeros(*part.shape[:2], f * h, f * w)
                weight = part.new_zeros(f * h, f * w)
            rows, columns = (_ramp(size, f * overlap).to(part) for size in part.shape[2:])
            share = rows[:, None] * columns
            here = (..., slice(f * top, f * top + len(rows)), slice(f * left, f * left + len(columns)))
            total[here] += share * part
            weight[here] += share
    assert total is not None and weight is not None
    return total / weight


def _starts(size: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin: every tile - overlap latents, the last one flush with the end."""
    last = max(size - tile, 0)
    return sorted({*range(0, last, tile - overlap), last})


def _ramp(size: int, border: int) -> Tensor:
    """Weights that rise from nearly 0 to 1 over `border` pixels at both ends."""
    distance = torch.minimum(torch.arange(size), torch.arange(size).flip(0)) + 0.5
    return (distance / max(border, 0.5)).clamp(max=1)
