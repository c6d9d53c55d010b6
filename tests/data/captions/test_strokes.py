"""Handwriting as centre lines: thinning keeps the shape, distances and slants are those of plain geometry."""

import pytest
import torch
import torch.nn.functional as F

from diffusion_lessons.data.captions.strokes import REACH, distances, neighbours, removable, slant_of, thinned


def test_thinning_leaves_a_connected_line_one_pixel_wide():
    mask = torch.zeros(1, 16, 16, dtype=torch.bool)
    mask[0, 3:13, 5:9] = True  # a bar, 4 pixels wide and 10 long
    line = thinned(mask)
    assert (line <= mask).all() and 6 <= int(line.sum()) <= 10
    assert line.sum(dim=2).max() == 1
    blocks = F.avg_pool2d(line[:, None].float(), 2, 1)
    assert blocks.max() < 1, "no 2x2 block is left"


def test_a_ring_stays_a_ring():
    y, x = torch.meshgrid(torch.arange(24.0), torch.arange(24.0), indexing="ij")
    radius = ((x - 11.5) ** 2 + (y - 11.5) ** 2).sqrt()
    line = thinned(((radius > 4) & (radius < 9))[None])[0]
    assert line.any() and ((radius[line] > 4) & (radius[line] < 9)).all()
    angles = torch.atan2(y[line] - 11.5, x[line] - 11.5).sort().values
    assert angles.diff().max() < 0.5, "it goes all the way round"


def test_neighbours_are_bits_clockwise_from_above():
    mask = torch.zeros(1, 3, 3, dtype=torch.bool)
    mask[0, 0, 1] = mask[0, 1, 2] = True  # above and right
    assert neighbours(mask)[0, 1, 1] == 0b101
    assert not removable()[:, 0].any() and not removable()[:, 255].any()


def test_handwriting_is_sorted_by_class(strokes):
    assert int(strokes.starts[-1]) == len(strokes.distance) == 297
    digits = torch.arange(10).repeat(20)
    rows = strokes.choose(digits, torch.Generator().manual_seed(0))
    assert ((rows >= strokes.starts[digits]) & (rows < strokes.starts[digits + 1])).all()


def test_distances_from_a_long_line_are_counted_in_pixels():
    """Beside an upright line the distance is the number of columns; smoothing lifts it by 1/2 on the line alone."""
    line = torch.zeros(1, 28, 28, dtype=torch.bool)
    line[0, :, 14] = True
    row = distances(line)[0, 14]
    torch.testing.assert_close(row[14:18], torch.tensor([0.5, 1.0, 2.0, 3.0]), atol=0.02, rtol=0)
    assert row[:10].min() == row[19:].min() == REACH


def test_slant_is_columns_to_the_right_for_each_row_up():
    rows = torch.arange(28)
    ink = torch.zeros(4, 28, 28)
    ink[0, rows, 13] = 1  # upright
    ink[1, rows, 27 - rows] = 1  # one column to the right for each row up
    ink[2, rows, rows] = 1
    assert slant_of(ink).tolist() == pytest.approx([0, 1, -1, 0], abs=1e-4)  # the last has no ink
