"""Does it beat taking fewer steps? A technique's row beside the plain rows that cost no more.

for row in faster: print(beside(row, plain, "frechet"))

Whoever wants to be faster can take fewer steps, without any technique. So the rival of a row is the best among the
plain rows that take at most as long. All are measured on the same noise and labels, and their difference is paired.

Where a row takes longer than one plain run and less long than the next, so that the plain run of as many milliseconds
was not measured, it has a second rival: the plain *curve*. Whoever has the time of seven steps can draw one half of the
images in six and the other in eight. This mixture of both takes

    (1 - w) t_6 + w t_8,    and its figure is computed, not drawn:    (1 - w) F_6 + w F_8,

exactly for precision and adherence, which are shares of the samples. A drift is the root of a mean square, so its
squares are mixed. The Fréchet distance of a mixture is at most this, because it is convex: the rival is at least as
good. Recall and coverage are not means over samples, and have no mixture.

The weight w is measured in the rounds in which all three were timed, and its error is in that of the difference.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any, Literal, NamedTuple

from uncertainties import UFloat

from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.metrics.errors import measured
from diffusion_lessons.metrics.intervals import Interval, interval, mean_of_draws
from diffusion_lessons.metrics.jackknife import GROUPS
from diffusion_lessons.metrics.scores import METRICS, Score

TITLES = {**{name: metric.title for name, metric in METRICS.items()}, "drift": "drift from the fine run"}
UNMIXED = ("recall", "coverage")  # figures that are no means over samples
SHARES = ("precision", "recall", "coverage", "adherence")  # figures that count samples
EVEN = "trailing"  # steps that are even in t
ROUNDING = 1e-4  # of a figure: what two orders of the same float32 sums may differ by
AS_LONG = 1.05  # times as long counts as no longer: what is timed in a few rounds is not known better
Word = Literal["better", "worse", "undecided", "alone"]


class Rival(NamedTuple):
    """A plain run or, with `longer`, a mixture: the share of the images that a second run of its sampler draws."""

    run: Measurement
    longer: Measurement | None = None
    share: UFloat = measured(0.0, 0.0)

    def value(self, metric: str) -> float:
        """Its figure, without an error."""
        return float(self._mixed(metric, lambda score: score.value, self.share.n))

    def figure(self, metric: str) -> UFloat:
        """Its figure, paired with those of other rows; of a mixture with the error of the share."""
        return self._mixed(metric, lambda score: score.number, self.share)

    def _mixed(self, metric: str, of: Callable[[Score], Any], share: Any) -> Any:
        """The mean of both runs' figures, or of their squares where the figure is the root of a mean square."""
        if self.longer is None:
            return of(self.run.quality[metric])
        power = 2 if metric == "drift" else 1
        short, longer = (of(run.quality[metric]) ** power for run in (self.run, self.longer))
        return ((1 - share) * short + share * longer) ** (1 / power)

    def __str__(self) -> str:
        if self.longer is None:
            return str(self.run.settings)
        return f"{self.run.settings}, with {self.share.n:.0%} of the images in {self.longer.settings.steps} steps"


class Beside(NamedTuple):
    """A row, the best of the plain rivals that take no longer, and the paired difference of their figures.

    word  "better" or "worse" where the 95 % interval of the difference says so, and it is more than the rounding of
          float32 makes, else "undecided"; "alone" where no plain row, of those measured, is as fast: the fastest of
          them makes two evaluations, since one draws no samples (`candidates.curve`)
    """

    row: Measurement
    rival: Rival | None
    difference: Interval | None
    word: Word
    metric: str = "frechet"

    def __str__(self) -> str:
        name = f"{', '.join(self.row.techniques) or 'plain'}: {self.row.settings}"
        if self.rival is None:
            return f"{name}: no measured plain run is as fast"
        assert self.difference is not None
        words = difference_words(self.difference, self.metric, self.row.samples)
        if self.word == "undecided":
            return f"{name}: not told from {self.rival}, {words}"
        return f"{name}: {self.word} than {self.rival}, {words}"


def beside(row: Measurement, plain: Sequence[Measurement], metric: str = "frechet") -> Beside:
    """This row beside the plain curve, on rows of one batch and one guidance scale that have latency and this figure.

    A plain run that takes up to `AS_LONG` times as long counts as one that takes no longer.

    Raises NotMeasured for a row without one of them, and where no plain row has both.
    """
    usable = [one for one in plain if _measured(one, metric)]
    if not _measured(row, metric) or not usable:
        raise NotMeasured(f"latency and {metric} of {row.settings}, and of plain runs beside it")
    sign = -1.0 if higher_is_better(metric) else 1.0
    rivals = [Rival(one) for one in usable if _seconds(one) <= AS_LONG * _seconds(row)]
    if not rivals:
        return Beside(row, None, None, "alone", metric)
    mixed = [] if metric in UNMIXED else mixtures(row, usable)
    rival = min([*rivals, *mixed], key=lambda one: sign * one.value(metric))
    difference = row.quality[metric].number - rival.figure(metric)
    found = interval(difference, freedom=_freedom(difference, rival.share, len(row.seconds)))
    word: Word = "undecided"
    rounded = abs(found.value) <= ROUNDING * abs(rival.value(metric))
    if not found.holds(0) and not rounded:
        word = "worse" if sign * difference.n > 0 else "better"
    return Beside(row, rival, found, word, metric)


def mixtures(row: Measurement, plain: Sequence[Measurement]) -> Iterator[Rival]:
    """For each sampler the two plain runs between whose times this row's lies, mixed so that they take as long."""
    for sampler in dict.fromkeys(one.settings.sampler for one in plain):
        line = sorted((one for one in plain if one.settings.sampler == sampler), key=lambda one: one.settings.steps)
        for short, longer in pairwise(line):
            if _seconds(short) < _seconds(row) < _seconds(longer):
                share = _share(row, short, longer)
                if share is not None and 0 < share.n < 1:
                    yield Rival(short, longer, share)


def difference_words(found: Interval, metric: str, samples: int) -> str:
    """A paired difference in words; where no group of samples differs, what so many samples could not show either.

    An interval [0, 0] would say that two rows are equal for certain. Of n samples none of which differs, up to 3 / n
    may still differ of all there are, with 95 % certainty ("rule of three", Hanley and Lippman-Hand 1983).
    """
    if found.low < found.high or found.value:
        return f"a difference of {found}"
    same = "the same figure in every group of samples"
    return (
        f"{same} ({samples:,} of them do not show a difference below {3 / samples:.1g})" if metric in SHARES else same
    )


def higher_is_better(metric: str) -> bool:
    """Whether a larger figure is a better one; a drift is better where it is smaller."""
    return metric in METRICS and METRICS[metric].better == "high"


def is_plain(row: Measurement) -> bool:
    """Whether nothing but the sampler and its steps was chosen: no technique, no placing of the steps, no half
    precision."""
    settings = row.settings
    nothing = settings.spacing == EVEN and settings.placed is None and settings.reuse == 1 and settings.interval is None
    return nothing and settings.precision == "float32" and not row.techniques and row.parent_sha256 is None


def _measured(row: Measurement, metric: str) -> bool:
    return row.seconds_per_image is not None and metric in row.quality


def _seconds(row: Measurement) -> float:
    return row.seconds_per_image or 0.0


def _share(row: Measurement, short: Measurement, longer: Measurement) -> UFloat | None:
    """The share w of the images that the longer run may draw, with the error that the rounds of timing leave of it.

    In each round this row's time differs from the mixture's, (1 - w) t_short + w t_longer, by an amount whose mean is 0
    for this w and has an error; divided by what a whole share takes, t_longer - t_short, that is the error of w. None
    where the three were not timed together, in two rounds at least, or where in the mean the longer was no longer.
    """
    together = len({one.session for one in (row, short, longer)}) == 1
    if not together or len({len(one.seconds) for one in (row, short, longer)}) > 1 or len(row.seconds) < 2:
        return None
    t, a, b = (fmean(one.seconds) for one in (row, short, longer))
    if b <= a:
        return None
    share = (t - a) / (b - a)
    rounds = zip(row.seconds, short.seconds, longer.seconds, strict=True)
    return measured(share, mean_of_draws([t - (1 - share) * a - share * b for t, a, b in rounds]).s / (b - a))


def _freedom(difference: UFloat, share: UFloat, rounds: int) -> float:
    """Degrees of freedom of an error that comes from groups of samples and from rounds of timing (Satterthwaite)."""
    parts = difference.error_components()
    timing = parts.pop(share, 0.0) ** 2
    samples = sum(part**2 for part in parts.values())
    if timing == 0:
        return GROUPS - 1
    return (samples + timing) ** 2 / (samples**2 / (GROUPS - 1) + timing**2 / (rounds - 1))
