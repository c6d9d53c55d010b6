"""Tiles join without a seam: exactly for a decoder that takes each latent by itself."""

import pytest
import torch
from torch import nn

from diffusion_lessons.captions.tiling import decode_tiled


def enlarge(latents):
    return latents.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)


@pytest.mark.parametrize(("h", "w"), [(8, 8), (20, 8), (8, 21), (19, 30)])
def test_a_decoder_without_a_view_of_its_neighbours_is_joined_exactly(h, w):
    latents = torch.randn(2, 3, h, w)
    torch.testing.assert_close(decode_tiled(enlarge, latents), enlarge(latents))


def test_overlaps_soften_what_hard_borders_get_wrong():
    torch.manual_seed(0)
    look = nn.Conv2d(3, 3, 3, padding=1)
    latents = torch.randn(1, 3, 20, 20)

    def decode(part):
        return enlarge(look(part))

    with torch.no_grad():
        whole = decode(latents)
        hard, soft = ((decode_tiled(decode, latents, 8, overlap) - whole).abs().mean() for overlap in (0, 3))
    assert 0 < soft < 0.5 * hard


def test_memory_is_that_of_one_tile():
    sizes = []
    decode_tiled(lambda part: (sizes.append(part.shape[2:]), enlarge(part))[1], torch.randn(1, 3, 32, 32), tile=8)
    assert set(sizes) == {(8, 8)}


def test_an_overlap_of_half_a_tile_is_refused():
    with pytest.raises(ValueError, match="more than 8 latents; got 8"):
        decode_tiled(enlarge, torch.randn(1, 3, 16, 16), tile=8, overlap=4)


@pytest.mark.parametrize("tile", [0, -8])
def test_a_tile_without_a_latent_is_refused(tile):
    with pytest.raises(ValueError, match=f"1 latent a side at least; got {tile}"):
        decode_tiled(enlarge, torch.randn(1, 3, 16, 16), tile=tile, overlap=0)
