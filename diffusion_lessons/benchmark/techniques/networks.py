"""Which network? Those of MNIST that ship beside each other: quality as it was measured, latencies timed in turn.

    rows = network_rows(batch=1)
    python -m diffusion_lessons.benchmark.techniques.networks     # times them anew, into the shipped table

The table of techniques holds one network, 500 samples a row. The networks were measured on more samples, and distances
of unequal counts are not compared: so they are a list of their own.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import shipped, table
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.techniques.candidates import SOLVER
from diffusion_lessons.benchmark.techniques.technique_table import BATCHES, at_batch, shipped_file, timed_in_turn
from diffusion_lessons.machine import places

NETWORKS = (
    *("mnist-diffusion", "mnist-small-diffusion", "mnist-flow", "mnist-reflow", "mnist-consistency"),
    *(f"mnist-progressive-{steps}" for steps in (8, 4, 2, 1)),
)
SAMPLERS = ("ddim", SOLVER, "consistency")
MOST_EVALUATIONS = 20
ROUNDS = 3


def measured_networks(names: Sequence[str] = NETWORKS) -> list[Measurement]:
    """The quality rows of these networks that can be compared: of one sample count, unguided, in few evaluations."""
    rows = shipped.comparable(*(shipped.rows(name) for name in names))
    return [
        row
        for row in rows
        if row.settings.sampler in SAMPLERS and row.nfe <= MOST_EVALUATIONS and not row.settings.options
    ]


def network_rows(batch: int, names: Sequence[str] = NETWORKS) -> list[Measurement]:
    """These rows, each with its latency at this batch; those that were not timed are left out.

    Raises FileNotFoundError where nothing was timed, with the command, NotMeasured where nothing was at this batch.
    """
    file = latency_file()
    if not file.is_file():
        raise FileNotFoundError(
            f"the networks' latencies were not measured: `python -m {__name__}` does it, into {file.name}"
        )
    return at_batch([*measured_networks(names), *table.read(file)], batch)


def latency_file() -> Path:
    """Where the latencies are, or would be."""
    return shipped_file("networks")


def time_networks(
    file: Path, names: Sequence[str] = NETWORKS, batches: Sequence[int] = BATCHES, rounds: int = ROUNDS
) -> None:
    """Time all of them in turn, in one thread by the processor's clock, and append the rows to the file."""
    measured, loaded = measured_networks(names), {name: checkpoints.load(name, "cpu") for name in names}
    for batch in batches:
        runs = [(loaded[row.checkpoint], replace(row.settings, batch=batch)) for row in measured]
        for row, timed in zip(measured, timed_in_turn(runs, rounds), strict=True):
            table.append(file, replace(timed, checkpoint=row.checkpoint))


if __name__ == "__main__":
    places.clone_for("the table of the course's own networks is written")
    time_networks(latency_file())
