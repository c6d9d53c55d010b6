"""A caption beneath each picture, wrong ones marked by more than colour."""

import pytest
import torch

from diffusion_lessons.figures.pictures.captioned import WRONG, captioned_grid


def test_each_picture_has_its_caption_and_wrong_ones_are_crossed():
    figure = captioned_grid(torch.zeros(3, 3, 8, 8), ["a", "b", "c"], [False, True, False], columns=2)
    titles = [place.title for place in figure.axes]
    assert [title.get_text() for title in titles] == ["a", "\u2717 b", "c", ""]
    assert titles[1].get_color() == WRONG != titles[0].get_color()


def test_where_was_looked_is_laid_over_in_a_grid_beneath():
    looked = torch.zeros(2, 4, 4)
    looked[0, 0, 0] = 1
    figure = captioned_grid(torch.zeros(2, 3, 8, 8), ["a", "b"], looked=looked, columns=2)
    weights = figure.axes[2].get_images()[1].get_array()
    assert weights.shape == (8, 8) and weights.argmax() == 0


def test_counts_have_to_agree():
    with pytest.raises(ValueError, match="2 pictures"):
        captioned_grid(torch.zeros(2, 3, 8, 8), ["a"])
