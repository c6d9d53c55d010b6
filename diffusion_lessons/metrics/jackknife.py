"""The delete-a-group jackknife: how much a figure would move if its samples were drawn again.

The n samples are dealt into G groups, and the figure is computed G times, each time without one group:

    se^2 = (G - 1) / G * sum_g (theta_g - mean of theta)^2

Where the counts of the classes are fixed rather than drawn, groups are dealt within classes, and after a deletion the
samples that remain in a class carry the weight of those that left it (Kott 2001, "The delete-a-group jackknife").

The rule is exact for means. A part of a figure that depends on pairs of samples enters twice, on k-tuples k times: near
its floor a distance is the square of something small, and the error would come out sqrt(2) times too wide. So that what
pairs add is found from deletions of two groups and taken off again (Efron and Stein 1981), or, for figures that count
what nearest neighbours cover, by `coverage_excess`.

The balls of recall reach to the k-th neighbour *among the samples*. They stay as they are when a group is left out:
balls that grew where a neighbour is missing would make the error 1.2 to 1.5 times too wide, even after
`coverage_excess`.

Two figures of samples that share starting noise and labels are computed without the *same* groups, so that the luck
that they share cancels in their difference: `Score.number` builds on that.
"""

import torch
from torch import Tensor

GROUPS = 25  # into which samples are dealt: an error with 24 degrees of freedom
PRIOR = 60  # points of which half the jackknife's variance is right, where few are covered once


def group_count(n: int) -> int:
    """How many groups n samples are dealt into: GROUPS, or fewer where groups would be smaller than two."""
    return max(2, min(GROUPS, n // 2))


def groups_of(labels: Tensor | None, n: int, count: int | None = None) -> Tensor:
    """The group of each sample, int64 [n]: the samples of each class are dealt in turn, so every group is as mixed."""
    count = count or group_count(n)
    order = torch.arange(n) if labels is None else labels.cpu().argsort(stable=True)
    groups = torch.empty(n, dtype=torch.int64)
    groups[order] = torch.arange(n) % count
    return groups


def weights_without_groups(labels: Tensor | None, n: int, shares: Tensor | None = None, pairs: bool = False) -> Tensor:
    """Weights of n samples, float64 [n, 1 + G]: first of all of them, then without each group in turn.

    With `pairs` columns without each two groups follow, in the order of `torch.combinations`. In every column a class
    has the same total: the number of its samples or, with `shares` [classes], its share of n. A class that is deleted
    whole has the total 0.
    """
    groups = groups_of(labels, n)
    without = 1 - torch.nn.functional.one_hot(groups).double()  # [n, G]
    columns = [torch.ones(n, 1, dtype=torch.float64), without]
    if pairs:
        first, second = torch.combinations(torch.arange(without.shape[1])).T
        columns.append(without[:, first] * without[:, second])
    kept = torch.cat(columns, dim=1)
    strata = torch.zeros(n, dtype=torch.int64) if labels is None else labels.cpu().long()
    counts = torch.zeros(int(strata.max()) + 1, kept.shape[1], dtype=torch.float64).index_add_(0, strata, kept)
    if shares is None:
        totals = strata.bincount(minlength=len(counts)).double()
    else:
        totals = n * shares.double()[: len(counts)] / shares.sum()
    return kept * (totals[:, None] / counts.clamp(min=1))[strata]


def pairs_excess(figures: Tensor, count: int) -> float:
    """By how much the jackknife's variance is too large, as a share of the right one: 1 or less, at least 1/2.

    From the figure of all, without each of `count` groups, and without each two of them (Efron and Stein 1981, with
    Q = G theta - (G - 1) (theta_g + theta_h) + (G - 2) theta_gh, which is 0 for means). Half is what remains of a
    figure that depends on pairs alone.
    """
    whole, one, two = figures.double().split([1, count, len(figures) - 1 - count])
    first, second = torch.combinations(torch.arange(count)).T
    interaction = count * whole - (count - 1) * (one[first] + one[second]) + (count - 2) * two
    variance = deviations(one).square().sum()
    excess = (interaction - interaction.mean()).square().sum() / (count * (count - 1))
    return float((1 - excess / variance).clamp(0.5, 1)) if variance > 0 else 1.0


def coverage_excess(hits: Tensor) -> float:
    """The same for a share of points that are covered, from how many samples cover each of them, [m]: at least 1/4.

    Of a point that a Poisson number of samples with mean l covers, "uncovered" has the variance e^-l - e^-2l, and the
    jackknife finds l e^-l, the chance that exactly one sample covers it. The first is what Good and Toulmin (1956)
    estimate from the counts n_k of points that k samples cover, n_1 - n_2 + n_3 - ..., here with the weights that keep
    the alternating sum from growing noisy (Efron and Thisted 1976). Few such points say little: the share is drawn
    towards 1/2 as if PRIOR more of them had it.
    """
    n = torch.stack([(hits == k).double().sum() for k in range(1, 6)])
    weights = torch.tensor([31, -26, 16, -6, 1], dtype=torch.float64) / 32  # signs, times binomial tails
    return float(((weights @ n + PRIOR / 2) / (n[0] + PRIOR)).clamp(0.25, 1))


def shrunk(replicates: Tensor, share: float) -> Tensor:
    """Replicates [G] drawn towards their mean, so that their variance is this share of what it was."""
    return replicates.mean() + (replicates - replicates.mean()) * share**0.5


def standard_error(replicates: Tensor) -> float:
    """The standard error that follows from the figure without each group, [G]."""
    return float(deviations(replicates).square().sum().sqrt())


def deviations(replicates: Tensor) -> Tensor:
    """How far each group moves the figure, [G], scaled so that their squares sum to the variance."""
    replicates = replicates.double()
    count = len(replicates)
    return (replicates - replicates.mean()) * ((count - 1) / count) ** 0.5
