"""A text encoder that reads each sentence once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from diffusion_lessons.data.captions.vocabulary import check_tokens
from diffusion_lessons.networks.text import TextEncoder, TextStates


class TextCache:
    """cache(tokens) -> TextStates for word numbers [B, 14]: `hits` and `misses` count the sentences of every call.

    With `keep=False` nothing is remembered from one call to the next, nor are equal sentences of one call shared: what
    a system without a cache pays. Sentences are read in the encoder's own precision, whatever the caller's autocast is,
    and where the encoder stands; the states are returned where the word numbers are. What is kept is forgotten when the
    encoder has moved or changed its type since.
    """

    def __init__(self, encoder: TextEncoder, keep: bool = True) -> None:
        self.encoder, self.keep = encoder, keep
        self.clear()

    def clear(self) -> None:
        """Forget all sentences, and count from 0."""
        self.known: dict[tuple[int, ...], int] = {}  # the sentence's row in the table
        self._table: TextStates | None = None  # the states of all sentences that are known
        self._read_as: tuple[torch.device, torch.dtype] | None = None
        self.hits = self.misses = 0

    @contextmanager
    def keeping(self, keep: bool) -> Iterator[None]:
        """Inside, with nothing known at first, sentences are kept or not; afterwards as before, with nothing known."""
        before, self.keep = self.keep, keep
        self.clear()
        try:
            yield
        finally:
            self.keep = before
            self.clear()

    def __deepcopy__(self, _: dict[int, Any]) -> "TextCache":
        """A copy of the network that computes in another precision asks the same cache."""
        return self

    @torch.no_grad()
    def __call__(self, tokens: Tensor) -> TextStates:
        """The states of word numbers [B, 14]. Raises ValueError for what does not hold word numbers."""
        check_tokens(tokens)
        weight = next(self.encoder.parameters())
        with torch.autocast(weight.device.type, enabled=False):
            states = self._states(tokens, (weight.device, weight.dtype))
        return TextStates(*(part.to(tokens.device) for part in states))

    def _states(self, tokens: Tensor, encoder: tuple[torch.device, torch.dtype]) -> TextStates:
        if not self.keep:
            self.misses += len(tokens)
            return self.encoder(tokens.to(encoder[0]))
        if self._read_as != encoder:
            self.known, self._table, self._read_as = {}, None, encoder
        rows = [tuple(row) for row in tokens.tolist()]
        new = [row for row in dict.fromkeys(rows) if row not in self.known]
        if new:
            read = self.encoder(torch.tensor(new, device=encoder[0]))
            self._table = (
                read if self._table is None else TextStates(*map(torch.cat, zip(self._table, read, strict=True)))
            )
            self.known |= {row: len(self.known) + i for i, row in enumerate(new)}
        self.misses += len(new)
        self.hits += len(rows) - len(new)
        assert self._table is not None  # a call has a sentence at least
        where = torch.tensor([self.known[row] for row in rows], device=encoder[0])
        return TextStates(*(part[where] for part in self._table))
