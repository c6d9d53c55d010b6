"""Labels and draws in exact proportions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from diffusion_lessons.metrics.proportions import draws_like, labels_like, quotas


@settings(deadline=None)
@given(counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any), n=st.integers(0, 50_000))
def test_quotas_are_within_one_of_the_exact_share_and_sum_to_n(counts, n):
    given_each, counts = quotas(torch.tensor(counts), n), torch.tensor(counts)
    assert int(given_each.sum()) == n and (given_each >= 0).all()
    assert (given_each - n * counts.double() / counts.sum()).abs().max() < 1
    assert (given_each[counts == 0] == 0).all()


def test_labels_are_shuffled_and_follow_from_the_seed():
    one, same, other = (labels_like(torch.tensor([2, 1, 1]), 100, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other) and not torch.equal(one, one.sort().values)
    assert one.bincount().tolist() == [50, 25, 25]


def test_draws_are_disjoint_and_in_proportion():
    labels = torch.tensor([0] * 50 + [1] * 60)
    draws = draws_like(labels, torch.tensor([3, 2]), 10, torch.Generator().manual_seed(0))
    assert len(draws) == 8 and len(set(torch.cat(draws).tolist())) == 80
    assert all(labels[rows].bincount().tolist() == [6, 4] for rows in draws)
    assert len(draws_like(labels, torch.tensor([3, 2]), 10, torch.Generator().manual_seed(0), most=3)) == 3


def test_a_draw_that_falls_short_of_a_class_is_filled_up_and_too_few_are_refused():
    labels = torch.tensor([0] * 50 + [1] * 48)
    (draw,) = draws_like(labels, torch.tensor([1, 2]), 90, torch.Generator().manual_seed(0))
    assert len(set(draw.tolist())) == 90 and labels[draw].bincount().tolist() == [42, 48]
    with pytest.raises(ValueError, match="120 images in the proportions of the training images asked of 98"):
        draws_like(labels, torch.tensor([1, 1]), 120, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="of class 2 there are 0"):
        draws_like(labels, torch.tensor([1, 1, 1]), 60, torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="without a single image"):
        quotas(torch.tensor([0, 0]), 5)
