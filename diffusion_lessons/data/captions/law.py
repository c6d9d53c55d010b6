"""p(attributes | sentence), exactly: there are few enough scenes to add up all of them.

A sentence says its mention and tells nothing else, so by Bayes' rule

    p(scene | mention) = p(scene) p(mention | scene) / p(mention)

where p(mention | scene) counts what was left unsaid as well: a sentence without a word of smudges makes a smudge less
likely than before (0.1 becomes 0.0526), since half of them would have been spoken of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from diffusion_lessons.data.captions.scenes import (
    ATTRIBUTES,
    SMUDGED,
    WITH_OBJECT,
    Scenes,
    ink_given_digit,
    ink_given_shape,
)
from diffusion_lessons.data.captions.sentences import OMITTED, SMUDGE_SAID, Mention

NAMES = tuple(ATTRIBUTES)


@dataclass(frozen=True)
class Law:
    """A distribution over scenes: `joint`, float64 [10, 6, 3, 3, 2, 2, 4, 6, 4], one axis for each attribute."""

    joint: Tensor

    def marginal(self, *names: str) -> Tensor:
        """p(attribute, ...) with one axis for each name, in the order in which they are given."""
        _check_names(names)
        others = [axis for axis, name in enumerate(NAMES) if name not in names]
        table = self.joint.sum(dim=others) if others else self.joint
        left = [name for name in NAMES if name in names]
        return table.permute([left.index(name) for name in names])

    def probability(self, mention: Mention) -> float:
        """The probability of all that the mention says."""
        return float(self.joint[_where(mention)].sum())

    def without(self, mention: Mention) -> Law:
        """The same, given that what the mention says (as a whole) is not so: what a negative asks for."""
        joint = self.joint.clone()
        joint[_where(mention)] = 0
        return _normalised(joint, f"nothing is left without {mention}")

    def entropy(self, name: str) -> float:
        """-sum p log2 p of one attribute, in bits: how varied it is."""
        return bits(self.marginal(name))


def bits(p: Tensor) -> float:
    """The entropy of probabilities, -sum p log2 p."""
    return float(-torch.special.xlogy(p, p).sum() / math.log(2))


@cache
def prior() -> Law:
    """The distribution that scenes are drawn from (`scenes.draw_scenes`)."""
    digit_ink = ink_given_digit() / 10  # [10, 6]
    some, corners = torch.tensor([1 - WITH_OBJECT, *[WITH_OBJECT / 3] * 3]), torch.full((4, 4), 0.25)
    corners[0] = torch.tensor([1.0, 0, 0, 0])  # an absent object stands in corner 0 by convention
    thing = some.double()[:, None, None] * ink_given_shape()[:, :, None] * corners.double()[:, None, :]  # [4, 6, 4]
    third, half = torch.full((3,), 1 / 3, dtype=torch.float64), torch.full((2,), 0.5, dtype=torch.float64)
    smudged = torch.tensor([1 - SMUDGED, SMUDGED], dtype=torch.float64)
    return Law(torch.einsum("di,s,l,p,m,ojc->dislpmojc", digit_ink, third, third, half, smudged, thing))


def posterior(mention: Mention) -> Law:
    """p(scene | mention): of all scenes about which a sentence may say just this, how probable is each?

    Take `sentences.read` for a sentence's mention. The empty mention is that of "a digit"; the empty sentence says
    nothing at all, not even by its silence: its law is `prior()`.

    Raises ValueError for a mention that no scene fits, such as a pair that is held out.
    """
    joint = torch.zeros_like(prior().joint)
    where = _where(mention)
    joint[where] = prior().joint[where]
    sharp, smudged = joint[:, :, :, :, :, 0], joint[:, :, :, :, :, 1]
    sharp *= 0 if "smudged" in mention else 1
    smudged *= SMUDGE_SAID if "smudged" in mention else 1 - SMUDGE_SAID
    # With probability OMITTED an object is not spoken of. How often the rest is left out is the same for all scenes.
    joint[:, :, :, :, :, :, 1:] *= 1 - OMITTED if "shape" in mention else OMITTED
    if "shape" in mention:
        joint[:, :, :, :, :, :, 0] = 0
    return _normalised(joint, f"no scene fits {mention}: what it says together is never drawn")


def count(scenes: Scenes, *names: str) -> Tensor:
    """How many of the scenes have each value, or combination of values: the counted counterpart of `Law.marginal`."""
    _check_names(names)
    sizes = [len(ATTRIBUTES[name]) for name in names]
    index = torch.zeros(scenes.size, dtype=torch.long)
    for name, size in zip(names, sizes, strict=True):
        index = index * size + getattr(scenes, name)
    return torch.bincount(index, minlength=int(torch.tensor(sizes).prod())).reshape(sizes)


def _where(mention: Mention) -> tuple[int | slice, ...]:
    _check_names(tuple(mention))
    return tuple(mention.get(name, slice(None)) for name in NAMES)


def _normalised(joint: Tensor, otherwise: str) -> Law:
    total = joint.sum()
    if total == 0:
        raise ValueError(otherwise)
    return Law(joint / total)


def _check_names(names: tuple[str, ...]) -> None:
    if unknown := [name for name in names if name not in ATTRIBUTES]:
        raise ValueError(f"no attribute {', '.join(unknown)}; the attributes are {', '.join(NAMES)}")
