"""Paper and inks read back from pictures by least squares, without a network: the counterpart of `render`."""

import torch
from torch import Tensor

from diffusion_lessons.data.captions.render import SIDE, inks

CORNER = 11  # side of the square that an object and its jitter stay within


def paper_of(pictures: Tensor) -> Tensor:
    """0 for black and 1 for white paper, [B]: is the median of the border above grey?"""
    grey = pictures.mean(dim=1)
    border = torch.cat([grey[:, 0], grey[:, -1], grey[:, :, 0], grey[:, :, -1]], dim=1)  # [B, 128]
    return (border.median(dim=1).values > 0).long()


def nearest_ink(pictures: Tensor, paper: Tensor, where: Tensor) -> Tensor:
    """The ink that explains the pixels best, [B], among those of the mask `where` [B, 32, 32].

    A pixel that ink c covers by a share a has the colour paper + a (c - paper), so each ink is a line from the paper,
    and the nearest line is the one with the least squared rest, summed over the pixels. Exact for what `render` draws.
    """
    white = (2.0 * paper - 1)[:, None]
    lines = inks().to(pictures.device) - white[:, :, None]  # [B, 6, 3]
    offset = (pictures - white[:, :, None, None]).flatten(2) * where.flatten(1)[:, None]  # [B, 3, 1024]
    share = torch.einsum("bkc,bcp->bkp", lines, offset) / lines.square().sum(dim=2, keepdim=True)
    rest = offset[:, None] - share.clamp(0, 1)[:, :, None] * lines[..., None]  # [B, 6, 3, 1024]
    return rest.square().sum(dim=(2, 3)).argmin(dim=1)


def corner_mask(corner: Tensor) -> Tensor:
    """True in the square of side `CORNER` of each corner: [B] -> bool [B, 32, 32]."""
    near = torch.arange(SIDE, device=corner.device) < CORNER
    rows = torch.where((corner < 2)[:, None], near, near.flip(0))  # [B, 32]
    columns = torch.where((corner % 2 == 0)[:, None], near, near.flip(0))
    return rows[:, :, None] & columns[:, None, :]
