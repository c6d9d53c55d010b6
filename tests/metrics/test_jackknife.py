"""Errors against the truth of repeated draws: the 95 % interval of each figure holds it in 90 to 99 % of draws.

So does that of a paired difference and of a ratio. Verdicts rest on these: at the level of a page of a hundred verdicts
they miss the truth as rarely as they should. A distance alone, near its floor, is skewed and misses more often.
"""

import functools

import numpy as np
import pytest
import torch

from claims.numbers import excess_of
from diffusion_lessons.metrics.frechet import frechet_distance
from diffusion_lessons.metrics.intervals import interval
from diffusion_lessons.metrics.jackknife import (
    GROUPS,
    coverage_excess,
    group_count,
    groups_of,
    pairs_excess,
    standard_error,
    weights_without_groups,
)
from diffusion_lessons.metrics.proportions import labels_like
from diffusion_lessons.metrics.samples import Features, population
from diffusion_lessons.metrics.scores import METRICS, evaluate

STRICT = 0.001  # about the level at which a page of a hundred verdicts judges each
D, CLASSES, N, DRAWS = 5, 4, 200, 200
COUNTS = torch.tensor([300, 250, 200, 150])
CENTRES = 2.5 * torch.randn(CLASSES, D, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def drawn(seed, n=N, *, wide=1.0, noise=None):
    """Features like those of digits, most of whose variance lies between classes; `noise` is that of another draw."""
    generator = torch.Generator().manual_seed(seed)
    labels = labels_like(COUNTS, n, torch.Generator().manual_seed(0))
    own = torch.randn(n, D, generator=generator, dtype=torch.float64)
    own = own if noise is None else 0.9 * noise + 0.19**0.5 * own
    wrong = torch.rand(n, generator=generator) < 0.1
    return Features(CENTRES[labels] + wide * own, labels, torch.where(wrong, CLASSES, labels)), own


@functools.cache
def real():
    train, _ = drawn(100_001, 20 * N)
    whole = population(train.features, train.labels)
    return train.rows(torch.arange(1000))._replace(whole=whole), drawn(100_002, 4 * N)[0]


@functools.cache
def repeated(wide):
    """Scores of many draws of one model, and of a second model whose samples share most of their noise."""
    floors, pairs = {}, []
    for seed in range(DRAWS):
        first, noise = drawn(seed, wide=wide)
        second, _ = drawn(seed + 50_000, wide=wide + 0.1, noise=noise)
        pairs.append([evaluate(METRICS, one, *real(), floors=floors) for one in (first, second)])
    return pairs


def share_covered(numbers):
    """In what share of draws the interval of a number holds its mean over all draws."""
    truth = np.mean([number.n for number in numbers])
    return np.mean([interval(number).holds(truth) for number in numbers])


def missed(numbers, level=STRICT):
    """In how many draws it does not, at a stricter level; 0.2 are expected, and more than 2 once in 900 times."""
    truth = np.mean([number.n for number in numbers])
    return sum(not interval(number, 1 - level).holds(truth) for number in numbers)


@pytest.mark.parametrize("wide", [1.0, 1.2], ids=["a perfect model", "too wide"])
@pytest.mark.parametrize("name", METRICS)
def test_the_interval_of_every_figure_holds_the_truth(name, wide):
    scores = [first[name] for first, _ in repeated(wide)]
    numbers = [score.number for score in scores]
    assert 0.90 <= share_covered(numbers) <= 0.99
    between, within = np.std([s.value for s in scores], ddof=1), np.mean([s.spread for s in scores])
    assert 0.8 < within / between < 1.3


@pytest.mark.parametrize("name", METRICS)
def test_the_interval_of_a_paired_difference_holds_the_truth(name):
    pairs = repeated(1.2)
    differences = [second[name].number - first[name].number for first, second in pairs]
    assert 0.90 <= share_covered(differences) <= 0.99 and missed(differences) <= 2
    if name not in ("adherence", "recall", "coverage", "precision"):  # whose luck is mostly not shared here
        alone = np.mean([np.hypot(first[name].spread, second[name].spread) for first, second in pairs])
        assert np.mean([difference.s for difference in differences]) < 0.7 * alone


@pytest.mark.parametrize("name", METRICS)
def test_the_interval_of_a_ratio_holds_the_truth(name):
    """As the ledger takes it, by Fieller's method: a share of the other's distance, whose error counts as well."""
    pairs = repeated(1.2)
    one, other = (np.mean([pair[k][name].value for pair in pairs]) for k in (1, 0))
    ratios = [excess_of(name, second[name].number, first[name].number, GROUPS - 1, N) for first, second in pairs]

    def held(level):
        return [low <= one / other - 1 <= high for low, high in (ratio.interval(level) for ratio in ratios)]

    assert 0.90 <= np.mean(held(0.05)) <= 0.99 and DRAWS - sum(held(STRICT)) <= 2


def test_a_floor_is_a_mean_over_disjoint_draws_with_the_error_of_the_mean():
    floors = [evaluate(["frechet", "variance"], drawn(0)[0], real()[0], drawn(seed, 4 * N)[0]) for seed in range(60)]
    for name in ("frechet", "variance"):
        values = [score[name].floor for score in floors]
        assert 0.7 < np.mean([score[name].floor_spread for score in floors]) / np.std(values, ddof=1) < 1.4


def test_exact_proportions_take_the_luck_of_the_labels_away():
    """Random labels multiply the spread of real images' distance: the reason for all of this."""
    train, _ = real()
    exact, random = [], []
    for seed in range(100, 140):
        images, _ = drawn(seed, 8 * N)
        rows = torch.randperm(8 * N, generator=torch.Generator().manual_seed(seed))[:N]
        random.append(frechet_distance(train.moments, images.features[rows]))
        exact.append(frechet_distance(train.moments, drawn(seed)[0].features))
    assert np.std(random) > 4 * np.std(exact)


def test_groups_are_dealt_within_classes_and_weights_keep_their_totals():
    labels = labels_like(COUNTS, N, torch.Generator().manual_seed(3))
    groups = groups_of(labels, N)
    assert groups.bincount().tolist() == [8] * 25
    for label in range(CLASSES):
        per_group = groups[labels == label].bincount(minlength=25)
        assert per_group.max() - per_group.min() <= 1
    weights = weights_without_groups(labels, N, pairs=True)
    assert weights.shape == (N, 1 + 25 + 300) and torch.equal(weights[:, 0], torch.ones(N, dtype=torch.float64))
    assert ((weights == 0).sum(dim=0) == torch.tensor([0, *[8] * 25, *[16] * 300])).all()
    for label in range(CLASSES):
        torch.testing.assert_close(
            weights[labels == label].sum(0), torch.full((326,), float((labels == label).sum())).double()
        )
    like = weights_without_groups(labels, N, torch.tensor([1.0, 1.0, 1.0, 1.0]))
    torch.testing.assert_close(like[labels == 3].sum(dim=0), torch.full((26,), N / 4).double())
    assert group_count(1000) == 25 and group_count(20) == 10 and group_count(3) == 2


def test_the_error_of_a_mean_is_the_textbook_one():
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = weights_without_groups(None, 1000)
    replicates = (weights.T @ x / weights.sum(dim=0))[1:]
    blocks = torch.stack([x[groups_of(None, 1000) == g].mean() for g in range(25)])
    assert standard_error(replicates) == pytest.approx(float(blocks.std() / 5), rel=1e-9)


def test_what_pairs_of_samples_add_is_taken_off():
    """The squared mean of samples around 0 has the variance 2 / n^2, of which the jackknife finds twice as much."""
    weights, found = weights_without_groups(None, 100, pairs=True), []
    for seed in range(300):
        x = torch.randn(100, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        figures = (weights.T @ x / weights.sum(dim=0)).square()
        found.append((standard_error(figures[1:26]) ** 2, pairs_excess(figures, 25)))
    jackknife, share = np.array(found).T
    assert jackknife.mean() == pytest.approx(2 * 2 / 100**2, rel=0.25)
    assert (jackknife * share).mean() == pytest.approx(2.5 / 100**2, rel=0.3)  # never less than half is left
    linear = weights.T @ x / weights.sum(dim=0)
    assert pairs_excess(linear, 25) == pytest.approx(1.0)


def test_what_covers_is_taken_off_a_share_of_covered_points():
    """Points that a Poisson number of samples covers: the ratio of the two variances, (1 - e^-l) / l."""
    for mean in (0.5, 1.0, 2.0):
        hits = torch.poisson(torch.full((200_000,), mean), generator=torch.Generator().manual_seed(0))
        assert coverage_excess(hits) == pytest.approx((1 - np.exp(-mean)) / mean, abs=0.03)
