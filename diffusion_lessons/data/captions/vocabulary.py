"""The words of the captions, and sentences as rows of word numbers."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import torch
from torch import Tensor

from diffusion_lessons.data.captions.scenes import ATTRIBUTES

LENGTH = 14  # words of the longest sentence

# The words for each value, the plain one first; "" where a value is never spoken of.
WORDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "digit": tuple((digit,) for digit in ATTRIBUTES["digit"]),
    "ink": tuple((ink,) for ink in ATTRIBUTES["ink"]),
    "stroke": (("thin", "fine"), ("normal", "medium"), ("thick", "bold")),
    "slant": (("leaning left", "tilted left"), ("upright", "straight"), ("leaning right", "tilted right")),
    "paper": (("on black",), ("on white",)),
    "smudged": (("",), ("smudged", "blurry")),
    "shape": (("",), ("disc", "circle"), ("square", "box"), ("cross", "plus")),
    "shape_ink": tuple((ink,) for ink in ATTRIBUTES["shape_ink"]),
    "corner": tuple((corner,) for corner in ATTRIBUTES["corner"]),
}
NOUNS = ("digit", "number")  # for a digit that is not said
FILLERS = ("a", "an", "and", "on", "with")


def _all_words() -> tuple[str, ...]:
    """No word, then every word once, in the order of the tables above."""
    said = [word for values in WORDS.values() for synonyms in values for words in synonyms for word in words.split()]
    return ("", *dict.fromkeys([*FILLERS, *NOUNS, *said]))


VOCABULARY = _all_words()
NUMBERS = {word: number for number, word in enumerate(VOCABULARY)}


def check_words(sentence: str) -> list[str]:
    """The sentence's words in lower case; a ValueError for unknown ones that names those that look alike."""
    words = sentence.lower().replace(",", " ").replace("-", " ").rstrip(".!? ").split()
    unknown = [word for word in words if word not in NUMBERS]
    if not unknown:
        return words
    hints = []
    for word in dict.fromkeys(unknown):
        near = difflib.get_close_matches(word, VOCABULARY[1:], n=3, cutoff=0.5)
        hints.append(f"{word!r} (near: {', '.join(near)})" if near else repr(word))
    raise ValueError(
        f"unknown words in {sentence!r}: {'; '.join(hints)}. The {len(VOCABULARY) - 1} words are "
        f"{', '.join(VOCABULARY[1:])}"
    )


def tokenize(sentences: str | Sequence[str]) -> Tensor:
    """Word numbers, int64 [B, 14], 0 behind the last word; one sentence gives one row, the empty one zeros.

    Raises ValueError for unknown words and for sentences of more than 14 words.
    """
    sentences = [sentences] if isinstance(sentences, str) else list(sentences)
    rows = []
    for sentence in sentences:
        words = check_words(sentence)
        if len(words) > LENGTH:
            raise ValueError(f"{sentence!r} has {len(words)} words; at most {LENGTH} are read: leave some out")
        rows.append([NUMBERS[word] for word in words] + [0] * (LENGTH - len(words)))
    return torch.tensor(rows, dtype=torch.long).reshape(-1, LENGTH)


def check_tokens(tokens: Tensor) -> Tensor:
    """The word numbers, if they are whole numbers [B, 14] of words that there are; else a ValueError."""
    if not isinstance(tokens, Tensor):
        raise ValueError(f"word numbers are a tensor, which `tokenize` makes of a sentence; got {tokens!r}")
    whole = not (tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool)
    if tokens.ndim != 2 or tokens.shape[1] != LENGTH or not len(tokens) or not whole:
        raise ValueError(
            f"word numbers have shape [B, {LENGTH}] and are whole; got {list(tokens.shape)} of {tokens.dtype}"
        )
    low, high = (int(end) for end in tokens.aminmax())
    if low < 0 or high >= len(VOCABULARY):
        raise ValueError(f"word numbers lie in 0..{len(VOCABULARY) - 1}; got {low}..{high}")
    return tokens


def detokenize(tokens: Tensor) -> list[str]:
    """The sentences of word numbers [B, 14]: the inverse of `tokenize`, in lower case."""
    return [" ".join(VOCABULARY[number] for number in row if number) for row in tokens.tolist()]
