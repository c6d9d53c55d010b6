"""Was the sentence followed? Counted attribute by attribute, against the exact distribution of what was left unsaid."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.scenes import ATTRIBUTES, Scenes
from diffusion_lessons.data.captions.sentences import Mention
from diffusion_lessons.metrics.intervals import wilson_interval

ALL = "all said"


class Followed(NamedTuple):
    """Of `asked` pictures whose sentence named the attribute, `followed` show it; share and its 95 % interval."""

    attribute: str
    asked: int
    followed: int
    share: float
    low: float
    high: float


def adherence(mentions: Sequence[Mention], seen: Scenes) -> list[Followed]:
    """For each attribute that was said at all, how often the pictures show what was said; "all said" comes last.

    mentions: what each picture's sentence said (`sentences.read`). seen: what the judge read. The interval is
    Wilson's; its ceiling is the judge's own accuracy on real scenes.
    """
    right = agreement(mentions, seen)  # [N, 9]
    said = torch.tensor([[name in mention for name in ATTRIBUTES] for mention in mentions])
    rows = [
        followed_row(name, int(said[:, i].sum()), int((right & said)[:, i].sum()))
        for i, name in enumerate(ATTRIBUTES)
        if said[:, i].any()
    ]
    something = said.any(dim=1)
    return [*rows, followed_row(ALL, int(something.sum()), int((right | ~said).all(dim=1)[something].sum()))]


def agreement(mentions: Sequence[Mention], seen: Scenes) -> Tensor:
    """bool [N, 9]: does the picture show what its sentence says of each attribute? True where nothing is said."""
    if len(mentions) != seen.size:
        raise ValueError(f"{len(mentions)} sentences and {seen.size} pictures: give one sentence for each")
    table = seen.stacked().tolist()
    return torch.tensor(
        [
            [mention.get(name, value) == value for name, value in zip(ATTRIBUTES, row, strict=True)]
            for mention, row in zip(mentions, table, strict=True)
        ]
    )


def swapped(mention: Mention) -> Mention:
    """The same with the inks of digit and object exchanged: what a bag of words cannot tell apart."""
    if not {"ink", "shape_ink"} <= mention.keys():
        raise ValueError(f"only a sentence with two inks can be swapped; this one says {sorted(mention)}")
    return {**mention, "ink": mention["shape_ink"], "shape_ink": mention["ink"]}


def names_two_inks(mention: Mention) -> bool:
    """Whether a sentence names an ink of the digit and another of the object."""
    return {"ink", "shape_ink"} <= mention.keys() and mention["ink"] != mention["shape_ink"]


def ink_leaks(mentions: Sequence[Mention], seen: Scenes) -> list[Followed]:
    """How many pictures put a wrong ink on a thing: of sentences that name two different ones.

    In the results `followed` counts the errors.

    ink leaked                  a named ink on the wrong thing, in one direction or both; it comes first
    digit's ink on the object   one direction
    object's ink on the digit   the other
    inks swapped                both directions in one picture
    one ink on both things      digit and object have the same of the two
    ink that nobody named       the digit, the object or both have an ink that is neither of the two
    such an ink on the object   those of them whose object has it

    So a picture has both inks right, swapped, one on both things, or one that nobody named, or else it shows no object
    beside a digit in one of the two: an absent object has no ink, and only the digit's can be wrong.
    """
    two = [i for i, said in enumerate(mentions) if names_two_inks(said)]
    of_digit, of_object = (torch.tensor([mentions[i][name] for i in two]) for name in ("ink", "shape_ink"))
    shown = seen.rows(torch.tensor(two, dtype=torch.long))
    there = shown.shape > 0
    onto_object, onto_digit = there & (shown.shape_ink == of_digit), shown.ink == of_object
    on_object = there & ~onto_object & (shown.shape_ink != of_object)  # an ink that nobody named
    on_digit = ~onto_digit & (shown.ink != of_digit)
    counts = {
        "ink leaked": onto_object | onto_digit,
        "digit's ink on the object": onto_object,
        "object's ink on the digit": onto_digit,
        "inks swapped": onto_object & onto_digit,
        "one ink on both things": there & (shown.ink == shown.shape_ink) & ~on_digit,
        "ink that nobody named": on_object | on_digit,
        "such an ink on the object": on_object,
    }
    return [followed_row(name, len(two), int(found.sum())) for name, found in counts.items()]


def unsaid_entropy(mention: Mention, seen: Scenes) -> dict[str, tuple[float, float]]:
    """Entropy in bits of each attribute that the sentence leaves open: (in the pictures, exactly).

    Below the exact value the pictures are less varied than the scenes that the sentence fits. The entropy of n counts
    with k values is too small by about (k - 1) / (2 n ln 2) bits, which is added (Miller 1955).
    """
    exact, rows = law.posterior(mention), {}
    for name in ATTRIBUTES:
        if name in mention or name in ("shape_ink", "corner"):
            continue
        counts = law.count(seen, name).double()
        correction = (int((counts > 0).sum()) - 1) / (2 * float(counts.sum()) * math.log(2))
        rows[name] = (law.bits(counts / counts.sum()) + correction, exact.entropy(name))
    return rows


def followed_row(name: str, asked: int, followed: int) -> Followed:
    """How many of those asked for followed, with share and interval (Wilson)."""
    low, high = wilson_interval(followed, asked) if asked else (0.0, 1.0)
    return Followed(name, asked, followed, followed / asked if asked else float("nan"), low, high)
