"""A caption beneath each picture, wrong ones marked by more than colour."""

import pytest
import torch

from diffusion_lessons.figures.pictures.captioned import WRONG, captioned_grid


def test_each_picture_has_its_caption_and_wrong_ones_are_crossed():
    figure = captioned_grid(torch.zeros(3, 3, 8, 8), ["a", "b", "c"], [False, True, False], columns=2)
    labels = [place.xaxis.label for place in figure.axes]
    assert [label.get_text() for label in labels] == ["a", "\u2717 b", "c", ""]
    assert labels[1].get_color() == WRONG != labels[0].get_color()


def covered(figure):
    """The share of the page that pictures cover."""
    figure.draw_without_rendering()
    boxes = [place.get_window_extent() for place in figure.axes]
    return sum(box.width * box.height for box in boxes) / (figure.bbox.width * figure.bbox.height)


@pytest.mark.parametrize("captions", [None, [""] * 16])
def test_pictures_without_captions_leave_no_empty_band(captions):
    assert covered(captioned_grid(torch.zeros(16, 3, 8, 8), captions)) > 0.85
    assert (
        covered(captioned_grid(torch.zeros(8, 3, 8, 8), captions and captions[:8], looked=torch.ones(8, 4, 4))) > 0.85
    )


def test_captions_have_the_room_that_their_lines_need():
    figure = captioned_grid(torch.zeros(16, 3, 8, 8), ["red 7\n0.31"] * 16)
    figure.draw_without_rendering()
    for place in figure.axes:
        words, box = place.xaxis.label.get_window_extent(), place.get_window_extent()
        assert words.y0 > 0 and words.y1 <= box.y0


def test_where_was_looked_is_laid_over_in_a_grid_beneath():
    looked = torch.zeros(2, 4, 4)
    looked[0, 0, 0] = 1
    figure = captioned_grid(torch.zeros(2, 3, 8, 8), ["a", "b"], looked=looked, columns=2)
    weights = figure.axes[2].get_images()[1].get_array()
    assert weights.shape == (8, 8) and weights.argmax() == 0


def test_counts_have_to_agree():
    with pytest.raises(ValueError, match="2 pictures"):
        captioned_grid(torch.zeros(2, 3, 8, 8), ["a"])
