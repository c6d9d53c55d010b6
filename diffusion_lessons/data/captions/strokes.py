"""Handwriting as centre lines: thin the digits of MNIST to a skeleton, and any stroke width can be drawn from it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion_lessons.data import Data, load_data

REACH = 4.0  # pixels: distances to the centre line are known up to here
STEEPEST = 0.6  # a wide digit's slant says little: what is measured beyond this is not taken for the writer's
# The eight neighbours of a pixel as (dy, dx), clockwise from the one above.
AROUND = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


@dataclass(frozen=True)
class Strokes:
    """The centre lines of N digits, sorted by class.

    distance  uint8 [N, 28, 28]: how far each pixel is from the line, in units of REACH / 255 pixels
    slant     [N]: the writer's own, in columns to the right for each row up
    starts    [11]: digit d has the rows starts[d] .. starts[d + 1] - 1
    """

    distance: Tensor
    slant: Tensor
    starts: Tensor

    def choose(self, digit: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A random row of each digit [B] -> [B]."""
        u = torch.rand(len(digit), generator=generator, dtype=torch.float64)
        first, end = self.starts[digit], self.starts[digit + 1]
        return first + (u * (end - first)).long()


def load_strokes(split: str = "train", data: Data | None = None) -> Strokes:
    """The centre lines of MNIST's digits, computed in some seconds; "test" has writers that training never saw."""
    data = load_data("mnist", split) if data is None else data
    order = data.labels.argsort(stable=True)
    pixels = data.pixels[order, 0]  # [N, 28, 28]
    lines = [thinned(part > 110) for part in pixels.split(8192)]
    distance = torch.cat([distances(line) for line in lines])
    slants = torch.cat([slant_of(line.float()) for line in lines]).clamp(-STEEPEST, STEEPEST)
    counts = torch.bincount(data.labels, minlength=10)
    return Strokes((distance * (255 / REACH)).round().to(torch.uint8), slants, F.pad(counts.cumsum(0), (1, 0)))


def neighbours(masks: Tensor) -> Tensor:
    """The eight neighbours of each pixel as the bits of one number: [N, H, W] -> uint8 [N, H, W]."""
    H, W = masks.shape[1:]
    padded = F.pad(masks.to(torch.uint8), (1, 1, 1, 1))
    code = torch.zeros_like(masks, dtype=torch.uint8)
    for bit, (dy, dx) in enumerate(AROUND):
        code |= padded[:, 1 + dy : 1 + dy + H, 1 + dx : 1 + dx + W] << bit
    return code


def removable() -> Tensor:
    """Which of the 256 neighbourhoods let their pixel go, in the first and the second half of a pass: bool [2, 256].

    A pixel goes that has 2 to 6 neighbours in one unbroken arc, on the lower right side of the stroke in the first
    half of the pass and on the upper left in the second. Zhang and Suen 1984, "A fast parallel algorithm for thinning
    digital patterns".
    """
    bits = (torch.arange(256)[:, None] >> torch.arange(8)) & 1  # [256, 8]
    up, _, right, _, down, _, left, _ = bits.bool().T
    arcs = ((bits == 0) & (bits.roll(-1, dims=1) == 1)).sum(dim=1)
    thick = (bits.sum(dim=1) >= 2) & (bits.sum(dim=1) <= 6) & (arcs == 1)
    first = thick & ~(up & right & down) & ~(right & down & left)
    second = thick & ~(up & right & left) & ~(up & down & left)
    return torch.stack([first, second])


def thinned(masks: Tensor) -> Tensor:
    """The skeleton of each mask, one pixel wide and connected where the mask is: bool [N, H, W] -> the same."""
    table, masks = removable(), masks.clone()
    active = torch.arange(len(masks))  # the masks that the last pass changed
    while len(active):
        before = masks[active]
        after = before
        for half in table:
            # numpy's look-up reads a table of bytes five times faster than torch's
            after = after & ~torch.from_numpy(half.numpy()[neighbours(after).numpy()])
        masks[active] = after
        active = active[(before != after).flatten(1).any(dim=1)]
    return masks


def distances(lines: Tensor) -> Tensor:
    """Distance of each pixel to the nearest pixel of its line, at most `REACH`: bool [N, H, W] -> float [N, H, W].

    A little smoothed, so that the steps of a slanting line do not show in what is drawn from it.
    """
    H, W = lines.shape[1:]
    reach, unit = int(REACH), 255 / REACH
    padded = F.pad(lines.to(torch.uint8), (reach,) * 4)
    nearest = torch.full(lines.shape, 255, dtype=torch.uint8)  # bytes, in which this takes a second instead of ten
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if (far := (dy * dy + dx * dx) ** 0.5) < REACH:
                there = padded[:, reach + dy : reach + dy + H, reach + dx : reach + dx + W]  # 0 or 1
                nearest = torch.minimum(nearest, 255 - there * (255 - round(far * unit)))
    nearest = nearest.float() / unit
    kernel = torch.tensor([0.25, 0.5, 0.25])
    smooth = F.conv2d(F.pad(nearest[:, None], (1,) * 4, mode="replicate"), kernel.outer(kernel)[None, None])
    return smooth[:, 0]


def slant_of(ink: Tensor) -> Tensor:
    """Columns to the right for each row up: -cov(column, row) / var(row) of the ink, [N, H, W] -> [N].

    0 for an upright digit, above 0 for one that leans to the right; 0 where there is no ink to measure.
    """
    H, W = ink.shape[1:]
    rows, columns = torch.arange(H, dtype=ink.dtype)[:, None], torch.arange(W, dtype=ink.dtype)
    mass = ink.sum(dim=(1, 2)).clamp(min=1e-6)

    def mean(values: Tensor) -> Tensor:
        return (ink * values).sum(dim=(1, 2)) / mass

    row, column = mean(rows), mean(columns)
    covariance, variance = mean(rows * columns) - row * column, mean(rows**2) - row**2
    return torch.where(variance > 0.1, -covariance / variance.clamp(min=0.1), torch.zeros_like(mass))
