"""How far votes can be trusted: do persons agree, does the side matter, how many would decide, what predicts them."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from scipy import stats

from diffusion_lessons.metrics.intervals import Z, wilson_interval
from diffusion_lessons.metrics.preference.votes import Vote, decided


class Share(NamedTuple):
    """`hits` of `of` as a share, its 95 % interval (Wilson), and how probable such a share is by tossing coins."""

    hits: int
    of: int
    share: float
    low: float
    high: float
    p_value: float


class Agreement(NamedTuple):
    """How many choices of two persons between the same pictures agree, and kappa: 0 is tossing coins, 1 is always."""

    agree: Share
    kappa: float


def agreement(votes: Sequence[Vote]) -> Agreement:
    """Of every two persons who both decided between the same two pictures: how often for the same one?

    Tossed coins agree in a half of the choices between two pictures, however many ways of sampling there are, so

        kappa = (A - 1/2) / (1 - 1/2) = 2 A - 1 ,

    A: the share that agrees (Brennan and Prediger 1981, with two categories). Raises ValueError where no two persons
    saw the same.
    """
    by_pair: dict[str, list[Vote]] = defaultdict(list)
    for vote in decided(votes):
        by_pair[vote.pair].append(vote)
    both = [
        first.winner == second.winner
        for rows in by_pair.values()
        for first, second in combinations(rows, 2)
        if first.person != second.person
    ]
    if not both:
        raise ValueError("no two persons decided between the same pictures: agreement needs a pair that two have seen")
    agree = _share(sum(both), len(both))
    return Agreement(agree, 2 * agree.share - 1)


def left_share(votes: Sequence[Vote]) -> Share:
    """How often the left picture was preferred: half, but for luck, if the side makes no difference."""
    rows = decided(votes)
    return _share(sum(vote.chosen == "left" for vote in rows), len(rows))


def predicted(votes: Sequence[Vote], scores: Mapping[str, Mapping[str, float]]) -> Share:
    """How often the picture of the higher score was preferred: {pair: {way of sampling: score}}.

    Pairs of equal scores, and those without scores, are left out. Raises ValueError where nothing is left.
    """
    hits = of = 0
    for vote in decided(votes):
        pair = scores.get(vote.pair, {})
        if vote.left in pair and vote.right in pair and pair[vote.left] != pair[vote.right]:
            of += 1
            hits += int(vote.winner == max((vote.left, vote.right), key=lambda name: pair[name]))
    if not of:
        raise ValueError("no vote is about pictures of different scores: there is nothing to predict")
    return _share(hits, of)


def votes_needed(share: float, power: float = 0.8) -> int:
    """How many votes tell a preference of this share from one of a half, at the level of 5 %, with this probability.

        n = ((z_(1 - 0.05 / 2) / 2 + z_power sqrt(p (1 - p))) / (p - 1/2))^2

    0.55 needs 783 votes, 0.75 only 29. Raises ValueError for a share of a half, which no number of votes tells from it.
    """
    if not 0 < share < 1 or share == 0.5 or not 0 < power < 1:
        raise ValueError(f"share lies in (0, 1) and is not 0.5, power lies in (0, 1); got {share} and {power}")
    reach = Z / 2 + float(stats.norm.ppf(power)) * math.sqrt(share * (1 - share))
    return math.ceil((reach / (share - 0.5)) ** 2)


def _share(hits: int, of: int) -> Share:
    return Share(hits, of, hits / of, *wilson_interval(hits, of), float(stats.binomtest(hits, of).pvalue))
