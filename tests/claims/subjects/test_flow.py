"""Flow matching: floors with their errors, batches that never differ, and what a reflow loses by itself."""

from types import SimpleNamespace

import pytest
import torch

from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import flow
from diffusion_lessons.metrics.samples import Features


def made_trainings(uniform, logit):
    return [
        {"choice": f"velocity/flow, {kind}", "frechet at 1": one}
        for kind, values in (("uniform", uniform), ("logit-normal", logit))
        for one in values
    ]


def judge(held_out):
    generator = torch.Generator().manual_seed(0)
    train = Features(torch.randn(4000, 3, generator=generator))
    return SimpleNamespace(train=train, held_out=Features(torch.randn(held_out, 3, generator=generator)))


@pytest.mark.parametrize(("held_out", "told"), [(3000, True), (24, False)])
def test_the_error_of_the_floor_is_in_what_training_times_are_compared_with(held_out, told, monkeypatch):
    """Two distances of 0.4 are far from a floor of many images, and may be that of a few."""
    monkeypatch.setattr(flow, "trainings", lambda: made_trainings([0.40, 0.41, 0.42], [0.39, 0.40, 0.41]))
    monkeypatch.setattr(flow, "evaluator", lambda name: judge(held_out))
    numbers = by_name(flow.training_times())
    floor = numbers["real images: frechet"]
    assert not floor.exact and floor.error > 0
    for kind in ("uniform", "logit-normal"):
        difference, own = numbers[f"{kind}: minus real images"], numbers[f"{kind}: frechet"]
        assert difference.error == pytest.approx((own.error**2 + floor.error**2) ** 0.5)
        assert (difference.interval()[0] > 0) == told


def test_the_rule_of_training_times_reads_what_is_measured(monkeypatch):
    monkeypatch.setattr(flow, "evaluator", lambda name: judge(300))
    (test,) = measurements_of("C10d")
    words = {}
    for scale in (1.0, 1.5, 0.5):
        values = [scale * one for one in (1.0, 1.0005, 1.001)]
        monkeypatch.setattr(flow, "trainings", lambda values=values: made_trainings(values, [1.0, 1.0, 1.001]))
        words[scale] = test.rule(by_name(flow.training_times())).word
    assert words == {1.0: "holds", 1.5: "does not hold here", 0.5: "does not hold here"}


def test_four_batches_that_never_differ_exclude_little(monkeypatch):
    """Where every batch is paired as optimal transport would pair it, the excess is 0 in all of them."""
    monkeypatch.setattr(flow, "lengths", lambda start, end: (1.0, 1.2))
    flow.trajectory.cache_clear()
    found = flow.trajectory("digits-flow")["beyond"]
    flow.trajectory.cache_clear()
    low, high = found.interval()
    assert found.value == low == 0.0 and high > 0.25 and not found.exact
