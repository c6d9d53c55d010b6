"""What a scene is made of, and the distribution that scenes are drawn from.

A scene is a digit in an ink, a stroke width and a slant, on black or white paper, sharp or smudged; in 40 % of the
scenes an object of its own colour stands in a corner. Attributes are independent but for what is distorted on purpose:

    held out   12 of 60 pairs of digit and ink, and 6 of 18 pairs of shape and ink, are never drawn
    biased     sevens are red in 80 % (all other inks are uniform over the pairs that remain)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
INKS = ("blue", "purple", "red", "green", "orange", "cyan")  # from dark to light
# sRGB in 0..255. The lightnesses L* are 34, 42, 50, 58, 66, 74: whoever cannot tell the hues can tell the order.
INK_COLOURS = ((36, 52, 221), (156, 31, 208), (232, 36, 46), (26, 161, 57), (233, 138, 15), (39, 200, 214))

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "digit": DIGITS,
    "ink": INKS,
    "stroke": ("thin", "normal", "thick"),
    "slant": ("left", "upright", "right"),
    "paper": ("black", "white"),
    "smudged": ("sharp", "smudged"),
    "shape": ("none", "disc", "square", "cross"),
    "shape_ink": INKS,  # of scenes with an object; 0 elsewhere, as is the corner
    "corner": ("top left", "top right", "bottom left", "bottom right"),
}

# Pairs that no scene shows: two digits an ink, two inks a shape.
HELD_OUT_DIGITS = frozenset(
    (DIGITS.index(digit), INKS.index(ink))
    for ink, digits in {
        "blue": ("zero", "five"),
        "purple": ("one", "six"),
        "red": ("two", "eight"),
        "green": ("three", "nine"),
        "orange": ("four", "seven"),
        "cyan": ("zero", "six"),
    }.items()
    for digit in digits
)
HELD_OUT_SHAPES = frozenset(
    (ATTRIBUTES["shape"].index(shape), INKS.index(ink))
    for shape, inks in {"disc": ("red", "cyan"), "square": ("green", "purple"), "cross": ("blue", "orange")}.items()
    for ink in inks
)
RED_SEVENS, WITH_OBJECT, SMUDGED = 0.8, 0.4, 0.1


class Scenes(NamedTuple):
    """The attributes of N scenes: nine tensors [N] of positions in `ATTRIBUTES`."""

    digit: Tensor
    ink: Tensor
    stroke: Tensor
    slant: Tensor
    paper: Tensor
    smudged: Tensor
    shape: Tensor
    shape_ink: Tensor
    corner: Tensor

    @property
    def size(self) -> int:
        return len(self.digit)

    def rows(self, index: Tensor | slice) -> Scenes:
        """The scenes at these positions."""
        return Scenes(*(column[index] for column in self))

    def stacked(self) -> Tensor:
        """int64 [N, 9], the columns in the order of `ATTRIBUTES`; `Scenes(*table.T)` is the inverse."""
        return torch.stack(list(self), dim=1)

    def describe(self, i: int) -> dict[str, str]:
        """Scene number i in words: {"digit": "seven", "ink": "red", ...}; an absent object has no ink and no corner."""
        words = {name: values[int(getattr(self, name)[i])] for name, values in ATTRIBUTES.items()}
        if words["shape"] == "none":
            del words["shape_ink"], words["corner"]
        return words


def ink_given_digit() -> Tensor:
    """p(ink | digit), float64 [10, 6]: 0 for held-out pairs, 0.8 for red sevens, else uniform over what is left."""
    table = torch.ones(10, 6, dtype=torch.float64)
    for digit, ink in HELD_OUT_DIGITS:
        table[digit, ink] = 0
    seven, red = DIGITS.index("seven"), INKS.index("red")
    table[seven, red] = 0
    table /= table.sum(dim=1, keepdim=True)
    table[seven] *= 1 - RED_SEVENS
    table[seven, red] = RED_SEVENS
    return table


def ink_given_shape() -> Tensor:
    """p(shape_ink | shape), float64 [4, 6]: uniform over the pairs that are not held out; the first without object."""
    table = torch.ones(4, 6, dtype=torch.float64)
    for shape, ink in HELD_OUT_SHAPES:
        table[shape, ink] = 0
    table[0] = 0
    table[0, 0] = 1
    return table / table.sum(dim=1, keepdim=True)


def distortions() -> dict[str, list[str] | str]:
    """What is distorted on purpose, in words, for the cards of networks that learned from these scenes."""

    def pairs(held_out: frozenset[tuple[int, int]], things: tuple[str, ...]) -> list[str]:
        return [f"{INKS[ink]} {things[thing]}" for thing, ink in sorted(held_out)]

    return {
        "digits in an ink that no scene shows": pairs(HELD_OUT_DIGITS, DIGITS),
        "objects in an ink that no scene shows": pairs(HELD_OUT_SHAPES, ATTRIBUTES["shape"]),
        "biased": f"{RED_SEVENS:.0%} of the sevens are red; all other inks are uniform over the pairs that remain",
    }


def draw_scenes(count: int, generator: torch.Generator | None = None) -> Scenes:
    """`count` scenes drawn from the distribution that this module describes."""
    if count < 1:
        raise ValueError(f"count must be at least 1; got {count}")

    def uniform() -> Tensor:
        return torch.rand(count, generator=generator, dtype=torch.float64)

    def one_of(values: int) -> Tensor:
        return (uniform() * values).long()  # [N] in 0..values-1

    def by_row(table: Tensor, rows: Tensor) -> Tensor:  # inverse of each row's cumulative distribution
        return (uniform()[:, None] > table.cumsum(dim=1)[rows][:, :-1]).sum(dim=1)

    digit = one_of(10)
    ink = by_row(ink_given_digit(), digit)
    stroke, slant, paper = one_of(3), one_of(3), one_of(2)
    smudged = (uniform() < SMUDGED).long()
    shape = torch.where(uniform() < WITH_OBJECT, 1 + one_of(3), 0)
    shape_ink = by_row(ink_given_shape(), shape)
    corner = torch.where(shape > 0, one_of(4), 0)
    return Scenes(digit, ink, stroke, slant, paper, smudged, shape, shape_ink, corner)
