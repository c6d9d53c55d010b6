"""What measuring every technique on a checkpoint will take, before it is begun.

for line in forecast("mnist-small-diffusion", Path("runs/techniques"), samples=500): print(line)
"""

from collections.abc import Iterator
from pathlib import Path

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.latency import evaluation_seconds
from diffusion_lessons.benchmark.techniques.candidates import SOLVER, Planned, planned
from diffusion_lessons.benchmark.techniques.technique_table import BATCHES, FINE, ROUNDS
from diffusion_lessons.sampling import Settings

BACKWARD = 3  # an image of training costs about as much as so many evaluations
COMPILING = 60.0  # seconds of a program, of which each size of a batch has one
JUDGING = 2.0  # seconds of a row: its features, its figures


def forecast(name: str, folder: Path, samples: int, device: str = "cpu") -> Iterator[str]:
    """A line for each candidate, what is left out, and how long all of it takes on this device while it is idle.

    One evaluation is timed now, alone and in a batch, and nothing else is computed.
    """
    left_out: list[str] = []
    parts = list(planned(name, folder, left_out.append, device))
    for one in parts:
        also = [f"{one.trained:,} images of training"] * bool(one.trained) + ["compiled"] * one.programs
        yield f"{one.words}: {one.rows} rows, {one.evaluations} evaluations a sample{''.join(f', {x}' for x in also)}"
    yield from left_out
    denoise = checkpoints.load(name, device)
    cost = {batch: evaluation_seconds(denoise, Settings(SOLVER, 5, batch=batch)) for batch in BATCHES}
    minutes = seconds_of(parts, samples, cost) / 60
    rows, evaluations = sum(one.rows for one in parts), sum(one.evaluations for one in parts)
    yield (
        f"in all {rows} rows of {samples:,} samples, {evaluations} evaluations a sample, each of "
        f"{1000 * cost[max(cost)]:.2g} ms (timed now), and latencies in turn: about {max(1, round(minutes))} minutes"
    )


def seconds_of(parts: list[Planned], samples: int, cost: dict[int, float]) -> float:
    """How long it all takes if one evaluation of an image costs `cost[batch]` seconds."""
    evaluations, programs = sum(one.evaluations for one in parts), sum(one.programs for one in parts)
    many = cost[max(cost)]
    quality = (evaluations + FINE.steps) * samples * many + JUDGING * sum(one.rows for one in parts)
    training = BACKWARD * many * sum(one.trained for one in parts)
    latency = (ROUNDS + 1) * evaluations * sum(batch * each for batch, each in cost.items())
    return quality + training + latency + COMPILING * len(cost) * programs
