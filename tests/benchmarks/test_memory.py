"""Bytes are counted exactly."""

import torch

from benchmarks.memory import peak_bytes


def test_the_peak_is_what_was_held_together():
    def work():
        first, second = torch.empty(1000, 1000), torch.empty(500, 1000)
        del first, second
        return torch.empty(250, 1000)

    work()
    assert peak_bytes(work) == 4_000_000 + 2_000_000
