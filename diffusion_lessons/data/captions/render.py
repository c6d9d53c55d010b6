"""Scenes as pictures: 32x32 RGB, drawn in batches fast enough to be made anew for every training step."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from diffusion_lessons.data.captions.scenes import INK_COLOURS, Scenes
from diffusion_lessons.data.captions.strokes import REACH, Strokes

SIDE = 32
WIDTHS = (2.2, 3.3, 4.4)  # of thin, normal and thick strokes, in pixels, +- WIDTH_JITTER
SLANTS = (-0.4, 0.0, 0.4)  # columns to the right for each row up, +- SLANT_JITTER
WIDTH_JITTER, SLANT_JITTER = 0.2, 0.08
SHRUNK = 0.85  # a digit beside an object is a little smaller, and moves out of its way
BLUR = 1.6  # standard deviation of a smudge, in pixels


def inks() -> Tensor:
    """The six inks as colours in [-1, 1]: [6, 3]."""
    return torch.tensor(INK_COLOURS) / 127.5 - 1


def render(scenes: Scenes, strokes: Strokes, generator: torch.Generator | None = None) -> Tensor:
    """Pictures [B, 3, 32, 32] in [-1, 1]; the handwriting and small displacements come from the generator."""
    B = scenes.size

    def within(spread: float) -> Tensor:
        return (2 * torch.rand(B, generator=generator) - 1) * spread

    down = torch.where(scenes.corner < 2, 1.0, -1.0)  # away from the corner
    right = torch.where(scenes.corner % 2 == 0, 1.0, -1.0)
    alone = scenes.shape == 0
    x, y = (torch.where(alone, within(2.5), 3.5 * away + within(0.75)) for away in (right, down))
    scale = torch.where(alone, 1.0, SHRUNK) * (1 + within(0.05))
    width = torch.tensor(WIDTHS)[scenes.stroke] + within(WIDTH_JITTER)
    slant = torch.tensor(SLANTS)[scenes.slant] + within(SLANT_JITTER)
    digit = digit_coverage(strokes, strokes.choose(scenes.digit, generator), width, slant, scale, x, y)
    shape = shape_coverage(scenes, -12 * right + within(0.5), -12 * down + within(0.5))

    smudged = scenes.smudged == 1
    if smudged.any():
        digit[smudged], shape[smudged] = blurred(digit[smudged]), blurred(shape[smudged])
    paper = scenes.paper.float() * 2 - 1  # [B]
    picture = paper[:, None, None, None].expand(B, 3, SIDE, SIDE)
    for ink, coverage in ((scenes.shape_ink, shape), (scenes.ink, digit)):
        picture = torch.lerp(picture, inks()[ink][:, :, None, None], coverage[:, None])
    return picture


def digit_coverage(
    strokes: Strokes, rows: Tensor, width: Tensor, slant: Tensor, scale: Tensor, x: Tensor, y: Tensor
) -> Tensor:
    """How much of each pixel the digit's stroke covers, [B, 32, 32] in [0, 1].

    A pixel at distance d from the centre line is covered by clamp(width / 2 - d + 1/2, 0, 1). All else is [B]: rows of
    `strokes`; the width in pixels; the slant, in place of the writer's own; the scale; the middle's offset from the
    picture's, in pixels.
    """
    shear = slant - strokes.slant[rows]
    half, zero = SIDE / strokes.distance.shape[-1], torch.zeros_like(scale)  # affine_grid counts half a side as 1
    u, v = x / (SIDE / 2), y / (SIDE / 2)
    map_x = torch.stack([half / scale, half * shear / scale, -half * (u + shear * v) / scale], dim=1)
    map_y = torch.stack([zero, half / scale, -half * v / scale], dim=1)
    grid = F.affine_grid(torch.stack([map_x, map_y], dim=1), [len(rows), 1, SIDE, SIDE], align_corners=False)
    nearness = REACH - strokes.distance[rows][:, None].float() * (REACH / 255)  # [B, 1, 28, 28], 0 far from any line
    distance = REACH - F.grid_sample(nearness, grid, align_corners=False)[:, 0]  # [B, 32, 32]
    return (width[:, None, None] / 2 - distance * scale[:, None, None] + 0.5).clamp(0, 1)


def shape_coverage(scenes: Scenes, x: Tensor, y: Tensor) -> Tensor:
    """How much of each pixel the object covers, [B, 32, 32]; x and y [B] is its middle, from the picture's."""
    coverage = torch.zeros(scenes.size, SIDE, SIDE)
    pixels = torch.arange(SIDE) + 0.5 - SIDE / 2
    for shape in (1, 2, 3):
        rows = (scenes.shape == shape).nonzero()[:, 0]
        dx = (pixels - x[rows, None]).abs()[:, None, :]  # [b, 1, 32]
        dy = (pixels - y[rows, None]).abs()[:, :, None]  # [b, 32, 1]
        coverage[rows] = (SHAPES[shape](dx, dy) + 0.5).clamp(0, 1)
    return coverage


# How far inside its outline a point at (|dx|, |dy|) from the middle lies, in pixels.
SHAPES = {
    1: lambda dx, dy: 3.9 - (dx**2 + dy**2).sqrt(),
    2: lambda dx, dy: 3.4 - torch.maximum(dx, dy),
    3: lambda dx, dy: torch.maximum(
        torch.minimum(1.1 - dx, 4.1 - dy), torch.minimum(4.1 - dx, 1.1 - dy)
    ),  # an upright bar and a lying one
}


def blurred(coverage: Tensor) -> Tensor:
    """The coverage [B, H, W] after a Gaussian blur of standard deviation `BLUR`."""
    radius = math.ceil(2.5 * BLUR)
    kernel = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / BLUR) ** 2)
    kernel = (kernel / kernel.sum())[None, None, None]  # [1, 1, 1, 2 radius + 1]
    padded = F.pad(coverage[:, None], (radius,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel), kernel.transpose(2, 3))[:, 0]
