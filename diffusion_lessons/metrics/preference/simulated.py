"""Simulated votes, marked as such: the analysis can be run, and tested, before anybody has voted.

`python -m diffusion_lessons.metrics.preference.simulated` makes the file anew in a clone. No person chose anything in
it: six simulated persons choose by the strengths below, with an inclination to the left.
"""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from scipy.special import expit

from diffusion_lessons.machine import places
from diffusion_lessons.machine.files import write_atomically
from diffusion_lessons.metrics.preference.pairs import Pair, order_for, study_pairs
from diffusion_lessons.metrics.preference.votes import Vote, read_votes

FILE = places.PACKAGE / "metrics" / "preference" / "simulated.jsonl"
STRENGTHS = {"scale 1": -0.8, "scale 4": 0.5, "scale 8": -0.2, "scale 4, DDIM": 0.3, "scale 4, not smudged": 0.6}
LEFT, NEITHER, PERSONS = 0.2, 0.1, 6


def simulate(
    pairs: Sequence[Pair],
    persons: int = PERSONS,
    strengths: Mapping[str, float] = STRENGTHS,
    left: float = LEFT,
    neither: float = NEITHER,
    seed: int = 0,
) -> list[Vote]:
    """Votes of simulated persons on all pairs: "neither" in a share of them, else by the Bradley-Terry model."""
    votes = []
    for number in range(1, persons + 1):
        person, chance = f"simulated-{number}", random.Random(f"{seed} {number}")
        for pair, first, second in order_for(person, pairs):
            p = float(expit(strengths[first] - strengths[second] + left))
            undecided, goes_left = chance.random() < neither, chance.random() < p
            chosen = "neither" if undecided else "left" if goes_left else "right"
            votes.append(Vote(person, pair.name, first, second, chosen, simulated=True))
    return votes


def simulated_votes(file: Path = FILE) -> list[Vote]:
    """The simulated votes that ship: no person gave them."""
    return read_votes(file)


def write(file: Path = FILE) -> Path:
    """Make the file that ships."""
    lines = [json.dumps(asdict(vote)) for vote in simulate(study_pairs(each=2))]
    write_atomically(file, "".join(f"{line}\n" for line in lines).encode())
    return file


if __name__ == "__main__":
    print(write())
