"""Interleaved calls: every round holds each once, and the first round is not counted."""

import pytest
import torch

from claims.timing import interleaved, sampling
from diffusion_lessons.sampling import Settings


def test_calls_take_turns_in_both_directions():
    calls: list[str] = []
    threads = torch.get_num_threads()
    seconds = interleaved({name: lambda name=name: calls.append(name) for name in "ab"}, 3)
    assert "".join(calls) == "abbaabba"
    assert [len(found) for found in seconds.values()] == [3, 3] and torch.get_num_threads() == threads


def test_threads_come_back_after_a_fault():
    threads = torch.get_num_threads()
    with pytest.raises(ZeroDivisionError):
        interleaved({"bad": lambda: 1 / 0}, 1)
    assert torch.get_num_threads() == threads


def test_a_call_draws_a_batch():
    assert sampling("digits-diffusion", Settings("ddim", 1), 2)() is None
