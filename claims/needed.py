"""How many samples, seeds or rounds would decide what is undecided, found with the rule itself.

The same estimates from more samples have smaller errors: the rule is asked again with these, at the same level, and the
smallest count at which it comes to a decision is the answer. So it holds for rules of one number and of many alike.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping

from claims.numbers import Number, Numbers

MOST = 10**9  # samples, seeds or rounds that are asked for


def needed(decides: Callable[[Numbers], bool], numbers: Numbers, read: Iterable[str]) -> dict[str, float]:
    """{unit: count} at which a rule that reads the numbers of these names decides; infinite if not below `MOST`.

    All counts grow by one factor. Exact numbers stay as they are.
    """
    counts = largest([numbers[name] for name in read])
    base = max(counts.values(), default=0)
    if not base:
        return {}

    def enough(count: int) -> bool:
        return decides({name: number.grown(count / base) for name, number in numbers.items()})

    if not enough(MOST):
        return dict.fromkeys(counts, math.inf)
    found = bisect_left(range(base, MOST), True, key=enough) + base
    return {unit: count * found / base for unit, count in counts.items()}


def largest(numbers: Iterable[Number]) -> dict[str, int]:
    """The largest count of each unit behind numbers that have an error, {} where none has."""
    counts: dict[str, int] = {}
    for number in numbers:
        if not number.exact and number.of is not None:
            counts[number.unit] = max(counts.get(number.unit, 0), number.of)
    return counts


def in_words(counts: Mapping[str, float], held_out: int | None = None) -> str:
    """ "about 8,600 samples would decide", to two digits; or that there are not as many held-out images to compare."""
    if not all(map(math.isfinite, counts.values())) or not counts:
        return "no number of samples would decide"
    if held_out is not None and counts.get("samples", 0) > held_out:
        return f"more than the {held_out:,} held-out images allow: several seeds, or more held-out images, would decide"
    return f"about {' and '.join(f'{_rounded(count):,} {unit}' for unit, count in counts.items())} would decide"


def _rounded(count: float) -> int:
    """The count to two digits, upwards."""
    digits = 10 ** max(int(math.log10(max(count, 1))) - 1, 0)
    return math.ceil(count / digits - 1e-9) * digits
