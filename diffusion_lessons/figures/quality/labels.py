"""Words beside points, each where it covers neither a point nor another word."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

GAP, FONT = 4.0, 7.0  # points of type: from a point to its word, and the word's height
MARKER = 6.0  # points of type that a marker takes, roughly
SIDES = ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (1, 0), (-1, 0))


class Box(NamedTuple):
    """A rectangle in points of type."""

    left: float
    bottom: float
    right: float
    top: float

    def shared(self, other: "Box") -> float:
        """The area that both cover."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.top, other.top) - max(self.bottom, other.bottom)
        return max(wide, 0.0) * max(high, 0.0)


def label_points(
    plot: Axes,
    points: Sequence[tuple[float, float]],
    words: Sequence[str],
    others: Sequence[tuple[float, float]] = (),
) -> None:
    """Write a word beside each point, on the first side that covers no point, none of the `others` and no word.

    To be called last, when scales and limits are set. Where every side covers something, the one that covers least.
    """
    plot.figure.draw_without_rendering()  # type: ignore[union-attr]  # only then it is known where points lie
    scale = 72 / plot.figure.dpi
    places = [_place(plot, *point, scale) for point in (*points, *others)]
    taken = [Box(x - MARKER / 2, y - MARKER / 2, x + MARKER / 2, y + MARKER / 2) for x, y in places]
    for word, point, (x, y) in zip(words, points, places, strict=False):
        choices = [(side, far) for far in (1.0, 2.2) for side in SIDES]
        boxes = [_box(x, y, word, side, far) for side, far in choices]
        covered = [sum(box.shared(other) for other in taken) for box in boxes]
        best = covered.index(min(covered))
        taken.append(boxes[best])
        offset = boxes[best].left - x, boxes[best].bottom - y
        plot.annotate(word, point, xytext=offset, textcoords="offset points", fontsize=FONT, ha="left", va="bottom")


def _place(plot: Axes, x: float, y: float, scale: float) -> tuple[float, float]:
    across, up = plot.transData.transform((x, y))
    return across * scale, up * scale


def _box(x: float, y: float, word: str, side: tuple[int, int], far: float) -> Box:
    """The word's rectangle at this side of a point."""
    width, height = 0.64 * FONT * len(word), FONT
    reach = GAP * far if all(side) else 1.4 * GAP * far
    left = {1: x + reach, 0: x - width / 2, -1: x - reach - width}[side[0]]
    bottom = {1: y + reach, 0: y - height / 2, -1: y - reach - height}[side[1]]
    return Box(left, bottom, left + width, bottom + height)
