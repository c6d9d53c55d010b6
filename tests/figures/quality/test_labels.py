"""Words beside points: no word lies on another, nor on a point, while there is room."""

from itertools import combinations

import pytest

from diffusion_lessons.figures import style
from diffusion_lessons.figures.quality.labels import Box, label_points


def overlap(one, other):
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


@pytest.mark.parametrize("apart", [0.0, 0.1, 0.5])
def test_points_beside_each_other_keep_their_words_apart(apart):
    figure, plot = style.axes("", "", "")
    points = [(1, 1), (1 + apart, 1), (3, 2), (3 + apart, 2 + apart / 2)]
    plot.plot(*zip(*points, strict=True), "o")
    plot.set(xlim=(0, 5), ylim=(0, 4))
    label_points(plot, points, ["10", "10", "20", "5"], others=[(3, 2.1)])
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in plot.texts]
    assert not any(overlap(*two) for two in combinations(boxes, 2))
    places = [plot.transData.transform(point) for point in (*points, (3, 2.1))]
    assert not any(box.contains(*place) for box in boxes for place in places)
    assert [text.get_text() for text in plot.texts] == ["10", "10", "20", "5"]


def test_what_two_rectangles_share():
    box = Box(0, 0, 2, 1)
    assert box.shared(Box(1, 0.5, 3, 3)) == 0.5 and box.shared(Box(2, 0, 3, 1)) == 0 and box.shared(box) == 2
