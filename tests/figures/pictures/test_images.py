"""Pictures: sizes, pixels exactly as they were, and files that are whole."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageColor

from diffusion_lessons.figures import style
from diffusion_lessons.figures.pictures.images import FRAME, image_grid, save_picture


def test_small_images_are_enlarged_without_blur():
    images = torch.full((3, 1, 8, 8), -1.0)
    images[1, 0, 2, 5] = 1.0
    pixels = np.asarray(image_grid(images, columns=3))
    assert pixels.shape == (64 + 8, 3 * 68 + 4, 3)  # 8 pixels of 8, borders of 4
    assert (pixels[:, :FRAME] == 255).all() and (pixels[:, 68 : 68 + FRAME] == 255).all()
    cell = pixels[4:68, 72:136, 0]
    expected = np.zeros((64, 64))
    expected[16:24, 40:48] = 255
    np.testing.assert_array_equal(cell, expected)


def test_values_beyond_the_range_are_cut_and_colours_kept():
    images = torch.stack([torch.full((3, 64, 64), 9.0), torch.full((3, 64, 64), -9.0)])
    images[0, 1] = 0.0
    pixels = np.asarray(image_grid(images, columns=1))
    assert tuple(pixels[10, 10]) == (255, 128, 255) and tuple(pixels[80, 10]) == (0, 0, 0)


def test_columns_are_about_square_by_default():
    assert image_grid(torch.zeros(9, 1, 64, 64)).size == (3 * 68 + 4,) * 2


@pytest.mark.parametrize("shape", [(8, 8), (2, 8, 8), (1, 2, 8, 8), (0, 1, 8, 8)])
def test_what_is_no_batch_of_images_is_refused(shape):
    with pytest.raises(ValueError, match="images must be"):
        image_grid(torch.zeros(shape))


def test_saved_and_read_again(tmp_path):
    picture = image_grid(torch.rand(4, 3, 32, 32))
    file = save_picture(picture, tmp_path / "new" / "grid.png")
    np.testing.assert_array_equal(np.asarray(Image.open(file)), np.asarray(picture))
    with pytest.raises(ValueError, match=r"use \.png"):
        save_picture(picture, tmp_path / "grid.nothing")
    assert [each.name for each in tmp_path.rglob("*.*")] == ["grid.png"]


def test_pixels_that_leave_the_range_are_coloured():
    image = torch.tensor([[[[0.0, 1.05], [1.3, -1.3]]]])
    cut, marked = (np.asarray(image_grid(image, enlarge=1, beyond=beyond)) for beyond in (None, 0.1))
    assert cut.tolist() == [[[128] * 3, [255] * 3], [[255] * 3, [0] * 3]]
    assert marked[0].tolist() == cut[0].tolist()
    painted = [ImageColor.getrgb(color) for color in (style.VERMILION, style.BLUE)]
    assert [tuple(pixel) for pixel in marked[1]] == painted


def test_an_outline_shows_where_white_paper_ends():
    plain, outlined = (np.asarray(image_grid(torch.ones(2, 3, 8, 8), 2, enlarge=1, outlined=o)) for o in (False, True))
    assert (plain == 255).all()
    rows, columns = np.nonzero((outlined < 255).any(axis=2))
    assert set(rows) == set(range(4, 14)) and set(columns) == {*range(4, 14), *range(18, 28)}
    assert (outlined[5:13, 5:13] == 255).all() and (outlined[[4, 13], 4:14] < 200).all()


def test_what_is_no_number_is_said():
    images = torch.zeros(3, 1, 8, 8)
    images[1, 0, 2, 2], images[2, 0, 0, 0] = torch.nan, torch.inf
    with pytest.warns(UserWarning, match="2 of 3 images hold NaN or infinite values"):
        image_grid(images)
