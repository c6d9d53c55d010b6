"""What another training of the same network would change: three trainings of each choice that was tried on the digits.

`python -m benchmarks.choices` made them, in `datasets/measurements/choices.json`. They are shorter than that of the
network that ships, and a sample's own error is in their spread, which is therefore an upper bound of sorts.
"""

import json
from collections import defaultdict
from statistics import mean, variance
from typing import Any

from scipy.stats import t

from claims.numbers import LEVEL
from claims.register import TESTS, Test, in_order
from claims.verdicts import listed
from diffusion_lessons.machine import places

CHOICES = "choices.json"
RECIPE = "digits"


def trainings() -> list[dict[str, Any]]:
    """The trainings of the digits network; empty where none was kept."""
    file = places.measurements() / CHOICES
    if not file.is_file():
        return []
    return [one for one in json.loads(file.read_text(encoding="utf-8")) if one["recipe"] == RECIPE]


def compares_trainings(test: Test) -> bool:
    """Whether a test compares two networks, so that the luck of two trainings is in its difference."""
    return sum(name.endswith(".jsonl") for name in test.case.needs) > 1 or test.case.trained


def spread(found: list[dict[str, Any]], figure: str) -> tuple[float, float]:
    """Of a figure over trainings of one choice: its standard deviation, over the mean, pooled over the choices.

    With it the difference of two trainings that 95 of 100 pairs stay below, by Student's t.
    """
    kinds = defaultdict(list)
    for one in found:
        kinds[one["choice"]].append(float(one[figure]))
    pooled = mean(variance(values) / mean(values) ** 2 for values in kinds.values()) ** 0.5
    return pooled, float(t.isf(LEVEL / 2, len(found) - len(kinds))) * 2**0.5 * pooled


def words_on_trainings() -> str:
    """What the page says of trainings."""
    words = (
        "Each network that ships was trained once. Intervals are about samples: what another training would change is "
        "in none of them. A verdict on samplers of one network is about that network"
    )
    if not (found := trainings()):
        return f"{words}."
    kinds = len({one["choice"] for one in found})
    spreads = [spread(found, figure) for figure in ("frechet at 1", "frechet at 2", "adherence at 1")]
    (one, apart), (two, two_apart), (told, _) = [[f"{100 * share:.2g} %" for share in pair] for pair in spreads]
    names = in_order({test.claim for test in TESTS if compares_trainings(test)})
    return (
        f"{words}. The spread was measured on the digits, in {len(found) // kinds} trainings of each of {kinds} kinds "
        f"on {found[0]['images']:,} images (`datasets/measurements/{CHOICES}`): from one training to another the "
        f"Fréchet distance varies by {one} at scale 1, and by {two} at scale 2 (standard deviations, in which sampling "
        f"has its part). Of two trainings of one kind 95 in 100 pairs are less than {apart} apart, and {two_apart} at "
        f"scale 2. The share recognised varies by {told}, little beside the margins of C2b and C28. Rows that compare "
        f"two networks, of {listed(names)}, say so: a difference of that size may be luck of a training, whatever its "
        "interval excludes."
    )
