"""Sentences about scenes: a small language with synonyms, in which anything may be left unsaid.

A *mention* is what a sentence says: {"digit": 7, "ink": 2} for "a red seven". `draw_mentions` leaves each attribute out
with probability 0.4, `write` finds the words, and `read` gets the mention back from them. Which words are chosen never
depends on what is left unsaid, so a sentence tells no more than its mention.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from diffusion_lessons.data.captions.scenes import ATTRIBUTES, Scenes
from diffusion_lessons.data.captions.vocabulary import LENGTH, NOUNS, WORDS, check_words

Mention = dict[str, int]

OMITTED = 0.4  # of each attribute
SMUDGE_SAID = 0.5  # of a smudge; sharpness is never spoken of


class Template(NamedTuple):
    """The order of a sentence: its phrases, whether the slant comes first, and whether it has articles."""

    phrases: tuple[str, ...]
    slant_first: bool = False
    articles: bool = True


TEMPLATES = (
    Template(("digit", "with", "object", "paper")),
    Template(("digit", "and", "object", "paper"), slant_first=True),
    Template(("paper", "digit", "and", "object")),
    Template(("object", "and", "digit", "paper")),
    Template(("object", "and", "digit", "paper"), articles=False),
    Template(("digit", "paper", "with", "object"), articles=False),
)
TERSE = len(TEMPLATES) - 1  # taken where another would be longer than LENGTH words


def draw_mentions(scenes: Scenes, generator: torch.Generator | None = None) -> list[Mention]:
    """What a sentence about each scene says: attributes left out at random, an absent object never spoken of.

    Each attribute is said with probability 1 - OMITTED, the object's ink and corner only together with its shape, and
    a smudge with probability SMUDGE_SAID.
    """
    said = torch.rand(scenes.size, len(ATTRIBUTES), generator=generator) >= OMITTED
    columns = dict(zip(ATTRIBUTES, said.unbind(dim=1), strict=True))
    columns["smudged"] = (torch.rand(scenes.size, generator=generator) < SMUDGE_SAID) & (scenes.smudged == 1)
    columns["shape"] = columns["shape"] & (scenes.shape > 0)
    for of_the_object in ("shape_ink", "corner"):
        columns[of_the_object] = columns[of_the_object] & columns["shape"]
    spoken = torch.stack(list(columns.values()), dim=1).tolist()
    return [
        {name: value for name, value, say in zip(ATTRIBUTES, values, row, strict=True) if say}
        for values, row in zip(scenes.stacked().tolist(), spoken, strict=True)
    ]


def draw_sentences(mentions: list[Mention], generator: torch.Generator | None = None) -> list[str]:
    """A sentence for each mention, its template and its synonyms chosen at random."""
    templates = torch.randint(len(TEMPLATES), (len(mentions),), generator=generator).tolist()
    choices = torch.randint(2**10, (len(mentions),), generator=generator).tolist()
    return [write(*row) for row in zip(mentions, templates, choices, strict=True)]


def write(mention: Mention, template: int = 0, choice: int = 0) -> str:
    """A sentence that says the mention, in this template; the bits of `choice` pick among synonyms.

    write({"digit": 7, "ink": 2, "stroke": 2}) == "a thick red seven"
    """
    order = TEMPLATES[template]
    words = {name: WORDS[name][value] for name, value in mention.items()}
    chosen = {name: said[(choice >> i) % len(said)] for i, (name, said) in enumerate(words.items())}
    phrases = {"digit": _digit_phrase(chosen, order, choice), "paper": chosen.get("paper", "")}
    if "shape" in chosen:
        phrases["object"] = _with_article([chosen.get(n, "") for n in ("shape_ink", "shape", "corner")], order)
    said = [phrases.get(name, name) for name in order.phrases if "shape" in chosen or name not in _OF_THE_OBJECT]
    sentence = " ".join(filter(None, said))
    return sentence if sentence.count(" ") < LENGTH else write(mention, TERSE, choice)


_OF_THE_OBJECT = ("object", "with", "and")


def _digit_phrase(chosen: dict[str, str], order: Template, choice: int) -> str:
    """The digit and its adjectives; a noun stands for an unsaid digit, but terse sentences may do without."""
    adjectives = [chosen.get(name, "") for name in ("smudged", "stroke", "ink")]
    slant = [chosen.get("slant", "")]
    digit = chosen.get("digit", "")
    if not digit and (order.articles or not any(adjectives + slant)):
        digit = NOUNS[choice % 2]
    return _with_article([*slant, *adjectives, digit] if order.slant_first else [*adjectives, digit, *slant], order)


def _with_article(words: list[str], order: Template) -> str:
    phrase = " ".join(filter(None, words))
    if not order.articles:
        return phrase
    return f"an {phrase}" if phrase[0] in "aeiou" else f"a {phrase}"


def read(sentence: str) -> Mention:
    """What a sentence says: the inverse of `write`, for every template and synonym, and for what a person types.

    An ink belongs to the next digit or shape of its phrase, and to the digit where there is none.
    Raises ValueError for unknown words (with those that look alike), for what is said twice, and for words whose
    partner is missing ("leaning", "top").
    """
    mention: Mention = {}
    ink: int | None = None  # waits for its noun

    def say(name: str, value: int) -> None:
        if mention.get(name, value) != value:
            both = " and ".join(_plain(name, v) for v in (mention[name], value))
            raise ValueError(f"{sentence!r} says two things of one {name.replace('_', ' ')}: {both}")
        mention[name] = value

    for name, value in _spoken(sentence):
        if name == "ink":
            if ink is not None:
                say("ink", ink)
            ink = value
        elif name in ("digit", "noun", "pause"):
            if ink is not None:
                say("ink", ink)
            ink = None
            if name == "digit":
                say(name, value)
        elif name == "shape":
            if "shape" in mention:
                raise ValueError(f"{sentence!r} has two objects; a scene has one at most")
            say(name, value)
            if ink is not None:
                say("shape_ink", ink)
            ink = None
        else:
            say(name, value)
    return {name: mention[name] for name in ATTRIBUTES if name in mention}


def _spoken(sentence: str) -> Iterator[tuple[str, int]]:
    """The sentence word by word as (attribute, value), "noun" and "pause" among the attributes; a pause at the end."""
    words = check_words(sentence)
    position = 0
    while position < len(words):
        word, pair = words[position], " ".join(words[position : position + 2])
        if pair in _MEANINGS and pair != word:
            if pair.startswith("on "):
                yield "pause", 0  # an ink before "on white" is the digit's
            yield _MEANINGS[pair]
            position += 2
            continue
        if word in _MEANINGS:
            yield _MEANINGS[word]
        elif word in NOUNS:
            yield "noun", 0
        elif word in ("and", "with"):
            yield "pause", 0
        elif word not in ("a", "an"):
            partners = sorted(known for known in _MEANINGS if word in known.split())
            raise ValueError(f"{word!r} in {sentence!r} says nothing by itself; write {' or '.join(partners)}")
        position += 1
    yield "pause", 0


def _plain(name: str, value: int) -> str:
    return WORDS[name][value][0] or ATTRIBUTES[name][value]


# "red" -> ("ink", 2), "leaning left" -> ("slant", 0): what each word or pair of words says. It is `read` that gives an
# ink to the object.
_MEANINGS: dict[str, tuple[str, int]] = {
    words: (name, value)
    for name, values in WORDS.items()
    if name != "shape_ink"
    for value, said in enumerate(values)
    for words in said
    if words
}
