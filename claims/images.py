"""Comparisons of rows that were measured on images: paired, because rows of one network share noise and labels.

`IMAGES` are the data sets on which claims about images are decided, and `GUIDED` those for claims about guidance, of
which a sentence is another condition than a class. A network without a table yet is waited for, and a new table is
taken as it is.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from uncertainties import UFloat

from claims.numbers import Number, excess_of, from_ufloat, mean, mean_between, share_difference
from claims.register import Case, on
from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import shipped
from diffusion_lessons.benchmark.captions import system_table
from diffusion_lessons.benchmark.plans import LIMIT
from diffusion_lessons.benchmark.rows import Measurement
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.students import check_pair
from diffusion_lessons.data.captions import law
from diffusion_lessons.data.captions.scenes import INKS
from diffusion_lessons.data.captions.sentences import read
from diffusion_lessons.metrics.captions.evaluator import of_network
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.jackknife import GROUPS
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings

FREEDOM = GROUPS - 1  # of an error by the jackknife
DDPM = Settings("ddpm", 1000)
FULL, HALF = "float32", "bfloat16"
ENDS = "the network's limit"  # a number's name: of what the solution of its ODE scores
MINUS = "negative minus none"  # a number with the default negative less that without one
COUNTED = "python -m diffusion_lessons.benchmark.captions.system_table --out runs/captions-system.json"
ThroughRow = Callable[[Measurement], Measurement]
_through: ContextVar[ThroughRow] = ContextVar("_through", default=lambda row: row)
_lists: ContextVar[tuple[list[Measurement], ...]] = ContextVar("_lists", default=())  # of `noted`, outer ones first


def tables(words: str, *networks: str, **arguments: Any) -> Case:
    """A case that reads the tables of these networks."""
    command = f"python tools/tables.py {' '.join(networks)} --anew"
    needs = [f"{name}.jsonl" for name in networks]
    return on(words, needs=needs, command=command, rows=True, **(arguments or {"network": networks[0]}))


MNIST = tables("MNIST", "mnist-diffusion")
DIGITS = tables("digits", "digits-diffusion")
IMAGES = (MNIST, DIGITS, tables("CIFAR-10", "cifar10-diffusion"))
GUIDED = (*IMAGES, tables("captions", "captions-diffusion"))


def rows(network: str, *settings: Settings) -> list[Measurement]:
    """Rows of these settings on one network: see `together`."""
    return together(*((network, one) for one in settings))


def together(*wanted: tuple[str, Settings]) -> list[Measurement]:
    """The row of each network and its settings, at the largest sample count that was measured for all.

    Settings in float32 may also be answered by rows that are all in bfloat16, where these are of more samples (C16b).
    Raises NotMeasured if there is no common count.
    """
    tables = {network: shipped.rows(network) for network, _ in wanted}
    choices = [wanted]
    if all(settings.precision == FULL for _, settings in wanted):
        choices.append(tuple((network, settings.changed(precision=HALF)) for network, settings in wanted))
    counted = [(_common_count(tables, choice), choice) for choice in choices]
    count, chosen = max(counted, key=lambda pair: pair[0])
    if count == 0:
        missing = [pair for pair in wanted if not shipped.matching_rows(tables[pair[0]], pair[1])] or list(wanted)
        network, settings = missing[0]
        what = f"{settings}" if len(missing) == 1 else f"{len(missing)} rows such as {settings}"
        raise NotMeasured(f"{what} on {network}, at one sample count with the rows beside")
    return [_row(tables[network], settings, count) for network, settings in chosen]


def _row(table: list[Measurement], settings: Settings, count: int) -> Measurement:
    """The row of a table as this block reads it (`through`), put down where it is `noted`."""
    return note(_through.get()(shipped.find(table, settings, count)))


def _common_count(tables: Mapping[str, list[Measurement]], wanted: Sequence[tuple[str, Settings]]) -> int:
    """The largest sample count of rows of all these settings; 0 where there is none."""
    found = [{row.samples for row in shipped.matching_rows(tables[name], settings)} for name, settings in wanted]
    return max(set.intersection(*found), default=0)


@contextmanager
def through(function: ThroughRow) -> Iterator[None]:
    """Every row that a measurement reads in this block is what the function makes of it: drawn anew, for one.

    In a block within another the function is given what the outer one returned.
    """
    outer = _through.get()
    token = _through.set(lambda row: function(outer(row)))
    try:
        yield
    finally:
        _through.reset(token)


@contextmanager
def noted() -> Iterator[list[Measurement]]:
    """The rows that a measurement reads in this block, in their order."""
    read: list[Measurement] = []
    token = _lists.set((*_lists.get(), read))
    try:
        yield read
    finally:
        _lists.reset(token)


def note(row: Measurement) -> Measurement:
    """The same row, put down in every block of `noted` around."""
    for rows_read in _lists.get():
        rows_read.append(row)
    return row


@cache
def evaluator(network: str) -> Evaluator:
    """What judges the samples of this network."""
    return of_network(checkpoints.load(network))


def score(row: Measurement, metric: str = "frechet") -> UFloat:
    """A score whose error is shared with other rows; NotMeasured if the row has none."""
    if metric not in row.quality:
        raise NotMeasured(f"{metric} of {row.settings} on {row.checkpoint}")
    return paired(row.quality[metric])


def paired(score: Score) -> UFloat:
    """A score as a number whose error is shared with those of other rows; NotMeasured if it was kept without them."""
    if not score.replicates:
        raise NotMeasured("rows whose errors pair: these were measured by older code")
    return score.number


def value(name: str, row: Measurement, metric: str = "frechet") -> Number:
    """A score as a number of the ledger; a share of recognised samples has Wilson's interval."""
    if metric == "adherence" and metric in row.quality:
        return Number(f"{name}: {metric}", row.quality[metric].value, of=row.samples, share=True)
    return from_ufloat(f"{name}: {metric}", score(row, metric), FREEDOM, row.samples)


def floor(row: Measurement, metric: str = "frechet") -> Number:
    """What real images score at this row's count."""
    found = row.quality[metric]
    return Number(f"real images: {metric}", found.floor, found.floor_spread, FREEDOM, row.samples)


def limit(row: Measurement) -> list[Number]:
    """What the same network's ODE leads to (`LIMIT`), clipped and rounded as this row; none if not measured."""
    settings = LIMIT.changed(precision=row.settings.precision, limit=row.settings.limit)
    try:
        return [value(ENDS, _row(shipped.rows(row.checkpoint), settings, row.samples))]
    except NotMeasured:
        return []


def difference(name: str, one: Measurement, other: Measurement, metric: str = "frechet") -> Number:
    """one - other, in pairs; ValueError where they do not share what pairs them."""
    check_pair(one, other)
    found = from_ufloat(name, score(one, metric) - score(other, metric), FREEDOM, one.samples)
    shares = (row.quality[metric].value for row in (one, other))
    return share_difference(found, *shares) if metric == "adherence" else found


def excess(name: str, one: Measurement, other: Measurement, metric: str = "frechet") -> Number:
    """one / other - 1, in pairs: by what share of the other's distance the first is farther from the data.

    Raises ValueError as `difference` does.
    """
    check_pair(one, other)
    return excess_of(name, score(one, metric), score(other, metric), FREEDOM, one.samples)


def missed(name: str, row: Measurement) -> Number:
    """How much less often samples are recognised as what was asked for than real images are."""
    own, kept = score(row, "adherence"), row.quality["adherence"]
    found = from_ufloat(name, -kept.above_floor, FREEDOM, row.samples)  # the error of what real images score is in it
    return found if own.s else share_difference(replace(found, error=0.0), kept.floor, own.n)


def misses(row: Measurement) -> Number:
    """How many times as many samples are not recognised as of real images, less 1, with the errors of both."""
    own = score(row, "adherence")
    real = own - row.quality["adherence"].above_floor  # with the error that all rows of this count share
    return excess_of("misses over those of real images, less 1", 1 - own, 1 - real, FREEDOM, row.samples)


def counted(name: str) -> dict[str, Any]:
    """One figure of the table; NotMeasured if it ended before it."""
    table = system_table.read()
    if name not in table:
        raise NotMeasured(f"{name}: the table of the text-to-image system ended before it")
    return table[name]


def fewer_smudged(name: str) -> list[Number]:
    """Of pictures with and without a default negative: the paired difference, and the share smudged in each."""
    return _with_and_without(name, "smudged", "smudged", "called smudged")


def followed_less(name: str) -> list[Number]:
    """The same of the share of pictures that show all that was said, of sentences that ask for the negative."""
    return _with_and_without(name, "all said", "all said where smudges are asked for", "all said")


def still_red(scale: float) -> Number:
    """Of pictures of "a seven" with the negative "red": the share that is red all the same."""
    _, count, share, *_ = counted(f"red negated, a seven, s = {scale:g}")["unwanted"]
    return Number(f"a seven, negative red, s = {scale:g}: share red", share, of=count, share=True)


def _with_and_without(name: str, counted_as: str, words: str, shown: str) -> list[Number]:
    found = counted(name)
    only_without, only_with = found[f"{counted_as} minus"]
    count = found["with"][counted_as][1]
    differences = [-1.0] * only_without + [1.0] * only_with + [0.0] * (count - only_without - only_with)
    shares = {name: found[kind][counted_as][2] for name, kind in (("negative", "with"), ("no negative", "without"))}
    return [
        share_difference(mean(f"{words}: {MINUS}", differences, "samples"), *shares.values()),
        *(Number(f"{name}: share {shown}", share, of=count, share=True) for name, share in shares.items()),
    ]


def log_ratios(prompt: str, scales: tuple[float, ...]) -> dict[float, Number]:
    """{scale: mean of log p(ink given the prompt) / p(ink)} over pictures that follow the prompt.

    Both probabilities are exact; of a kind of ink that scenes of this prompt never have, there is no logarithm, and
    pictures of it are left out and not counted.
    """
    given, before = law.posterior(read(prompt)).marginal("ink"), law.prior().marginal("ink")
    possible = given > 0
    ratios = (given / before)[possible].log()
    ends = float(ratios.min()), float(ratios.max())
    results = {}
    for scale in scales:
        found = counted(f"{prompt}, s = {scale:g}")
        shares = torch.tensor([found["ink"][ink][0] for ink in INKS], dtype=torch.float64)[possible]
        count = round(found["followed"][0] * float(shares.sum()))
        average = min(float(shares @ ratios / shares.sum()), ends[1])  # not above it by rounding
        results[scale] = mean_between(f"log ratio: s = {scale:g}", average, ends, count, "pictures")
    return results
