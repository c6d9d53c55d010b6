"""Scores: a value with its spread and floor, for every metric, on clouds whose answer is known."""

import numpy as np
import pytest
import torch

from diffusion_lessons.metrics import scores as metrics
from diffusion_lessons.metrics.adherence import diversity
from diffusion_lessons.metrics.frechet import frechet_distance
from diffusion_lessons.metrics.precision_recall import precision_recall
from diffusion_lessons.metrics.samples import Features
from diffusion_lessons.metrics.scores import evaluate
from tests.metrics.clouds import cloud


def test_frechet_is_biased_at_few_samples_and_the_floor_says_by_how_much():
    train, held_out = Features(cloud(4000, 16, 0)), Features(cloud(4000, 16, 1))
    few, many = (evaluate(["frechet"], Features(cloud(n, 16, 2)), train, held_out)["frechet"] for n in (60, 2000))
    assert few.value > 10 * many.value  # the same distribution, and yet
    for score in (few, many):
        assert abs(score.value - score.floor) < 4 * score.floor_spread


def test_the_spread_is_what_new_samples_would_give():
    train, held_out = Features(cloud(2000, 3, 0)), Features(cloud(2000, 3, 1))
    scores = [
        evaluate(["frechet"], Features(cloud(300, 3, 10 + i, shift=0.5)), train, held_out, seed=i)["frechet"]
        for i in range(30)
    ]
    between = np.std([score.value for score in scores])
    within = np.mean([score.spread for score in scores])
    assert 0.6 < within / between < 1.6


def test_every_metric_gives_real_images_their_floor():
    labels = torch.arange(400) % 4
    sets = [Features(cloud(400, 4, seed) + labels[:, None], labels, labels) for seed in (0, 1, 2)]
    scores = evaluate(metrics.METRICS, sets[0].rows(torch.arange(300)), sets[1], sets[2], draws=6)
    assert set(scores) == set(metrics.METRICS)
    for name, score in scores.items():
        assert score.n == 300
        assert abs(score.value - score.floor) <= 6 * max(score.spread, score.floor_spread), name


def test_a_floor_is_computed_once_and_changes_nothing():
    train, held_out, *both = (Features(cloud(200, 3, seed)) for seed in range(4))
    known = {}
    kept = [evaluate(["frechet", "recall"], each, train, held_out, draws=4, floors=known) for each in both]
    assert kept == [evaluate(["frechet", "recall"], each, train, held_out, draws=4) for each in both]
    assert list(known) == [("frechet", 200, 4, 0), ("recall", 200, 4, 0)]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frechet_distance(cloud(64, 64), cloud(64, 64)), "64 samples in 64 features.*singular.*at least 65"),
        (lambda: frechet_distance(cloud(9, 2), cloud(9, 2) / 0), "9 of 9 samples hold NaN"),
        (lambda: frechet_distance(cloud(9, 2), cloud(9, 3)), "2 and 3 dimensions"),
        (lambda: metrics.metric_named("fid"), "unknown metric 'fid'; the metrics are frechet"),
        (lambda: precision_recall(cloud(9), cloud(8)), "9 real and 8 generated.*equal counts"),
        (lambda: precision_recall(cloud(3), cloud(3)), "no 3-th neighbour"),
        (lambda: evaluate(["kernel"], *(Features(cloud(n)) for n in (9, 9, 5))), "compare at most 5"),
        (lambda: evaluate(["frechet"], *(Features(cloud(9)) for _ in range(3))), "at least 10 samples"),
        (lambda: evaluate(["adherence"], *(Features(cloud(9)) for _ in range(3))), "adherence needs the labels"),
        (lambda: diversity(cloud(2), torch.tensor([0, 1])), "no class has two samples"),
    ],
)
def test_what_cannot_be_measured_is_said(call, message):
    with pytest.raises(ValueError, match=message):
        call()
