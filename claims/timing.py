"""Latencies for a ratio: several calls in turn, round after round, in seconds of one CPU thread.

The rounds pair the calls, so that what drifts from minute to minute cancels. Processor time is taken rather than the
clock's, because other programs that wait for the same core are not the sampler's cost.
"""

import time
from collections.abc import Callable, Mapping

import torch

from diffusion_lessons import checkpoints
from diffusion_lessons.sampling import Settings, states


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call in each of so many rounds, after one that is not counted; [rounds] by name.

    Calls take turns, and every other round goes backwards, so that none always comes first.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    try:
        for number in range(rounds + 1):
            for name in list(calls)[:: -1 if number % 2 else 1]:
                began = time.process_time()
                calls[name]()
                if number:
                    seconds[name].append(time.process_time() - began)
    finally:
        torch.set_num_threads(threads)
    return seconds


def sampling(network: str, settings: Settings, batch: int) -> Callable[[], object]:
    """A call that draws one batch, classes in turn, from a fixed seed."""
    denoise = checkpoints.load(network)
    x = denoise.path.prior((batch, *(denoise.shape or ())), torch.Generator().manual_seed(0))
    labels = torch.arange(batch) % (denoise.classes or 1)

    def draw() -> None:
        for _ in states(denoise, x, settings, labels, torch.Generator().manual_seed(0)):
            pass

    return draw
