"""Latencies for a ratio: several calls in turn, round after round, in seconds of one CPU thread.

The rounds pair the calls, so that what drifts from minute to minute cancels. Processor time is taken rather than the
clock's, because other programs that wait for the same core are not the sampler's cost. In the same rounds the network
is timed alone: what a sampler takes beyond its evaluations times their cost is spent outside of the network.
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch

from claims.numbers import Number, mean, ratio
from diffusion_lessons import checkpoints
from diffusion_lessons.sampling import Settings, in_precision, states

PASSES = 10  # of the network alone, in each round beside each sampler
BY_COST = "evaluations times their cost"


class Timed(NamedTuple):
    """Seconds of one batch in each round, and what its evaluations would take: their count times the cost of one."""

    seconds: list[float]
    by_cost: list[float]

    def numbers(self, name: str, batch: int) -> list[Number]:
        """Seconds an image, the part of them that the evaluations explain, and the first over the second."""
        return [
            mean(f"{name}: seconds an image", [one / batch for one in self.seconds], "rounds"),
            mean(f"{name}: {BY_COST}, seconds an image", [one / batch for one in self.by_cost], "rounds"),
            ratio(f"{name}: seconds over {BY_COST}", self.seconds, self.by_cost),
        ]

    def faster(self, name: str, slow: "Timed") -> list[Number]:
        """How many times faster than the other this is, measured, and as its evaluations and their cost have it."""
        return [
            ratio(f"{name}: times faster", slow.seconds, self.seconds),
            ratio(f"{name}: times faster, by {BY_COST}", slow.by_cost, self.by_cost),
        ]


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


def passes(network: str, settings: Settings, batch: int) -> Callable[[], object]:
    """A call of the network alone, `PASSES` times, on what one step gives it: with guidance both estimates at once."""
    denoise = in_precision(checkpoints.load(network), settings.precision)
    count = 2 * batch if settings.guided else batch
    x = denoise.path.prior((count, *(denoise.shape or ())), torch.Generator().manual_seed(0))
    t, labels = settings.times(denoise.path)[0], torch.arange(count) % (denoise.classes or 1)

    def evaluate() -> None:
        with torch.no_grad():
            for _ in range(PASSES):
                denoise(x, t, labels)

    return evaluate


def beside_passes(network: str, settings: Mapping[str, Settings], batch: int, rounds: int) -> dict[str, Timed]:
    """Samplers of one evaluation a step (guided: two, in one pass), timed in turn, each beside the network alone."""
    calls = {name: sampling(network, one, batch) for name, one in settings.items()}
    alone = {f"{name}, alone": passes(network, one, batch) for name, one in settings.items()}
    seconds = interleaved({**calls, **alone}, rounds)
    return {
        name: Timed(seconds[name], [settings[name].steps * one / PASSES for one in seconds[f"{name}, alone"]])
        for name in settings
    }
