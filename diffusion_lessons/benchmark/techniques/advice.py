"""Which network, sampler, steps, precision and techniques for a budget? Answered from measured rows only.

    print(advise(at_batch(rows, 1), budget=0.05, metric="adherence"))

The answer is the best row within the budget, beside the runner-up and all rows that tie with it: those whose paired
difference leaves the order open. Of these the cheapest is named, since the best may be the luckiest. What was not
measured is said, and never guessed.
"""

from collections.abc import Sequence
from typing import NamedTuple

from diffusion_lessons.benchmark.latency import conditions
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.techniques.step_curve import TITLES, difference_words, higher_is_better
from diffusion_lessons.metrics.intervals import Interval, interval

USES = {  # text 2's three: the batch sampled at once, and the seconds that a person or a bill allows for it
    "live": (1, 0.1, "live editing: one picture, redrawn while somebody drags a slider"),
    "interactive": (1, 1.0, "interactive tool: one picture, for which somebody waits"),
    "batch": (25, None, "batch job: many pictures and nobody waiting, so that quality comes first"),
}


class Advice(NamedTuple):
    """The row to take, and what it rests on.

    best        the best within the budget
    runner_up   the next best, and by how much it is worse, paired; None where only one row fits
    cheaper     the cheapest row that cannot be told from the best, if it is another
    tied        how many further rows cannot be told from the best, by the 95 % interval of the paired difference
    within      how many rows fit, of how many that were measured
    """

    best: Measurement
    runner_up: Measurement | None
    gap: Interval | None
    cheaper: Measurement | None
    tied: int
    within: tuple[int, int]
    metric: str
    not_measured: tuple[str, ...]

    def __str__(self) -> str:
        fits, of = self.within
        lines = [
            f"take      {words(self.best, self.metric)}",
            f"          one of {fits} measured rows within the budget, of {of}",
            f"          {conditions(self.best)}, {self.best.timing_device}",
        ]
        if self.tied:
            rows = "1 other row ties" if self.tied == 1 else f"{self.tied} other rows tie"
            lines.append(f"          {rows} with it: {self.best.samples:,} samples do not tell them from it")
        if self.runner_up is not None and self.gap is not None:
            gap = difference_words(self.gap, self.metric, self.best.samples)
            tie = "a tie, " * self.gap.holds(0)
            lines.append(f"runner-up {words(self.runner_up, self.metric)}; {tie}{gap}")
        if self.cheaper is not None and self.cheaper is self.runner_up:
            lines.append("cheapest  of all these is the runner-up")
        elif self.cheaper is not None:
            lines.append(f"cheapest  {words(self.cheaper, self.metric)}; a tie as well")
        return "\n".join([*lines, *(f"not measured: {one}" for one in self.not_measured)])


def advise(rows: Sequence[Measurement], budget: float | None, metric: str = "frechet") -> Advice:
    """The best of these rows, all timed at one batch, whose batch takes at most `budget` seconds (None: any time).

    Raises ValueError where no row has this figure, for rows of several data sets or sample counts, whose figures
    cannot be compared, and where none fits, naming the fastest.
    """
    usable = [row for row in rows if metric in row.quality and row.seconds_per_image is not None]
    if not usable:
        have = sorted({name for row in rows for name in row.quality})
        raise ValueError(f"no row has {metric}; measured were {', '.join(have) or 'none'}")
    judged = {(row.features, row.reference_sha256, row.samples): row for row in usable}
    if len(judged) > 1:
        one, other = (
            f"{row.checkpoint} on {row.samples:,} samples by {row.features}" for row in [*judged.values()][:2]
        )
        raise ValueError(f"figures of {one} and of {other} cannot be compared: ask for advice on each by itself")
    fits = [row for row in usable if budget is None or seconds(row) <= budget]
    if not fits:
        fastest = min(usable, key=seconds)
        raise ValueError(
            f"no row fits within {1000 * (budget or 0):g} ms; the fastest takes {1000 * seconds(fastest):.3g} ms "
            f"({', '.join(fastest.techniques) or 'plain'}: {fastest.settings})"
        )
    sign = -1.0 if higher_is_better(metric) else 1.0
    ranked = sorted(fits, key=lambda row: (sign * row.quality[metric].value, seconds(row)))
    best, runner_up = ranked[0], ranked[1] if len(ranked) > 1 else None
    gap = None if runner_up is None else _gap(runner_up, best, metric)
    tied = [best, *(row for row in ranked[1:] if _gap(row, best, metric).holds(0))]
    cheapest = min(tied, key=seconds)
    cheaper = cheapest if cheapest is not best else None
    within, missing = (len(fits), len(usable)), unmeasured(usable, rows, metric)
    return Advice(best, runner_up, gap, cheaper, len(tied) - 1, within, metric, missing)


def seconds(row: Measurement) -> float:
    """How long one batch takes, the upper quartile of its rounds: what a budget has to hold."""
    return (row.seconds_q3 or row.seconds_per_image or 0.0) * row.settings.batch


def words(row: Measurement, metric: str) -> str:
    """A row as it is advised: the network, what was done to it, the settings, its time and its figure."""
    done = ", ".join(row.techniques) or "as it is"
    return (
        f"{row.checkpoint} ({done}), {row.settings}: {1000 * seconds(row):.3g} ms, "
        f"{TITLES[metric]} {row.quality[metric].value:.3g}±{row.quality[metric].spread:.2g}"
    )


def unmeasured(usable: Sequence[Measurement], rows: Sequence[Measurement], metric: str) -> tuple[str, ...]:
    """What the advice does not rest on, in words."""
    devices = sorted({row.timing_device for row in usable})
    counts = sorted({row.samples for row in usable})
    found = [f"any machine but {' and '.join(devices)}; other batches than {usable[0].settings.batch}"]
    found.append(f"more than {counts[-1]} samples a row, and other seeds; what people prefer")
    if missing := len(rows) - len(usable):
        found.append(f"{metric} of {missing} further rows")
    if all(row.peak_memory_mb is None for row in usable):
        found.append("memory")
    return tuple(found)


def _gap(row: Measurement, best: Measurement, metric: str) -> Interval:
    return interval(row.quality[metric].number - best.quality[metric].number)
