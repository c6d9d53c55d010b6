"""When does fresh noise help? Stochastic against deterministic sampling at equal evaluations, over seeds.

    python -m diffusion_lessons.benchmark.noise      # makes datasets/measurements/digits-*-noise.jsonl, or goes on

Two families, each with the number that turns its noise up. On the diffusion network the reverse process of
`exponential_sde`, whose k = 0 is DDIM and whose k = 1 is DDPM with the small variance; on the flow network, whose even
grid suits Heun's method in the noise level, that method without and with EDM's churn. One draw of 297 digits, as many
as there are held-out ones to compare with, decides little. So every setting is drawn from several seeds; within a seed
all settings share starting noise and labels, and what is compared is paired there.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from uncertainties import UFloat

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import shipped, table
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.sweep import sweep
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.machine import places
from diffusion_lessons.metrics.evaluator import of_images
from diffusion_lessons.metrics.intervals import mean_of_draws
from diffusion_lessons.sampling import Settings

SEEDS, SAMPLES, BATCH = 8, 297, 99
ENDING = "-noise"  # after the name of the checkpoint
METRICS = ("frechet",)
EVALUATIONS = (5, 10, 20, 50)
KNOBS = (0.5, 1.0, 2.0)  # beside 0, the ODE
HEUN_STEPS = (3, 6, 11, 26)  # 4, 10, 20 and 50 evaluations on a path that starts at alpha = 0


class Pair(NamedTuple):
    """A stochastic setting and the deterministic one of as many evaluations."""

    noisy: Settings
    plain: Settings


def reverse_process(evaluations: int, noise: float) -> Settings:
    """`exponential_sde` in as many steps as evaluations; `noise` is its k."""
    return Settings("exponential_sde", evaluations, options={"noise": noise}, batch=BATCH)


def heun(steps: int, *, churned: bool) -> Settings:
    """Heun's method in the noise level: EDM's algorithm 2, without and with its churn."""
    return Settings("edm_stochastic", steps, options={} if churned else {"s_churn": 0.0}, batch=BATCH)


PAIRS: dict[str, list[Pair]] = {
    "digits-diffusion": [Pair(reverse_process(n, k), reverse_process(n, 0.0)) for n in EVALUATIONS for k in KNOBS],
    "digits-flow": [Pair(heun(steps, churned=True), heun(steps, churned=False)) for steps in HEUN_STEPS],
}


class Comparison(NamedTuple):
    """What the noise of a pair does at this many evaluations.

    excess   the mean over seeds of distance / distance of the deterministic one - 1, with its standard error
    ratios   the same for each seed
    """

    pair: Pair
    evaluations: float
    excess: UFloat
    ratios: tuple[float, ...]


def comparisons(name: str, rows: Sequence[Measurement]) -> list[Comparison]:
    """Every pair of this network, paired within each seed that has both. Raises NotMeasured where fewer than two do."""
    found = {(row.settings, row.seed): row for row in rows}
    compared = []
    for pair in PAIRS[name]:
        seeds = sorted(seed for settings, seed in found if settings == pair.noisy and (pair.plain, seed) in found)
        if len(seeds) < 2:
            raise shipped.NotMeasured(f"{pair.noisy} and {pair.plain} on {name}, from two seeds at least")
        noisy, plain = ([found[one, seed].quality["frechet"].value for seed in seeds] for one in pair)
        ratios = [high / low - 1 for high, low in zip(noisy, plain, strict=True)]
        compared.append(Comparison(pair, found[pair.noisy, seeds[0]].nfe, mean_of_draws(ratios), tuple(ratios)))
    return compared


def file_of(name: str) -> Path:
    """The table that ships."""
    return places.measurements() / f"{name}{ENDING}{table.SUFFIX}"


def shipped_comparisons(name: str) -> list[Comparison]:
    """`comparisons` of the table that ships. Raises NotMeasured, and ValueError for rows of another checkpoint."""
    file = file_of(name)
    if not file.is_file():
        raise shipped.NotMeasured(f"{file.name}, which `python -m diffusion_lessons.benchmark.noise {name}` makes")
    return comparisons(name, table.read(file, cards.read_card(name)["sha256"]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(PAIRS)}; by default both")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"draws of each setting; {SEEDS} unless given")
    parser.add_argument("--out", type=Path, help="a folder other than that of the tables that ship")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in PAIRS]:
        parser.error(f"no comparison for {', '.join(unknown)}: the networks are {', '.join(PAIRS)}")
    if chosen.seeds < 2:
        parser.error("at least two seeds: without them there is no interval")
    evaluator = of_images("digits")
    for name in chosen.names or PAIRS:
        file = chosen.out / file_of(name).name if chosen.out else file_of(name)
        settings = [one for pair in PAIRS[name] for one in pair]
        made: list[Measurement] = []
        for seed in range(chosen.seeds):
            options: dict[str, Any] = {"samples": SAMPLES, "repeats": 0, "seed": seed, "name": name, "metrics": METRICS}
            made += sweep(checkpoints.load(name), settings, file, evaluator=evaluator, **options)
        for one in comparisons(name, made):
            print(f"{one.evaluations:>3g} evaluations, {one.pair.noisy}: excess {one.excess:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
