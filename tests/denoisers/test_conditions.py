"""Conditions: labels, tensors with a null of their own, and what a denoiser reads itself."""

import pytest
import torch

from diffusion_lessons import schedules
from diffusion_lessons.denoisers import (
    Denoiser,
    clip,
    condition_on,
    null_condition,
    read_condition,
    rows_for,
    takes_condition,
)
from tests.denoisers.heads import head, told

X = torch.randn(2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
LABELLED = Denoiser(lambda x, t, c: x, schedules.cosine(), classes=10)


def test_no_condition_is_the_null():
    assert null_condition(LABELLED).tolist() == [10]
    denoise = told()
    assert null_condition(clip(denoise)).tolist() == [[0, 0, 0]]
    assert torch.equal(denoise(X, 500.0).x0, denoise(X, 500.0, torch.zeros(2, 3, dtype=torch.long)).x0)
    assert not torch.equal(denoise(X, 500.0).x0, condition_on(denoise, [1, 0, 0])(X, 500.0).x0)


def test_a_tensor_condition_is_one_for_all_or_one_for_each_sample():
    denoise = told()
    both = denoise(X, 500.0, torch.tensor([[1, 2, 0], [3, 0, 0]])).x0
    for row, tokens in enumerate(([1, 2, 0], torch.tensor([3, 0, 0]))):
        alone = condition_on(denoise, tokens)(X[row : row + 1], 500.0).x0
        torch.testing.assert_close(both[row : row + 1], alone)
        assert read_condition(denoise, tokens).shape == (1, 3)
    assert torch.equal(condition_on(denoise, [[1, 2, 0], [3, 0, 0]])(X, 500.0).x0, both)


def test_a_denoiser_reads_what_it_is_given():
    denoise = told(reads=True)
    assert read_condition(clip(denoise), ["ab", "d"]).tolist() == [[1, 2, 0], [4, 0, 0]]
    assert torch.equal(denoise(X, 500.0, "ab").x0, condition_on(denoise, "ab")(X, 500.0).x0)
    assert torch.equal(denoise(X, 500.0, "ab").x0, told()(X, 500.0, torch.tensor([[1, 2, 0]])).x0)


def test_numbers_may_be_a_condition_and_are_converted_for_the_network():
    seen = []

    class Embedded(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float16))

        def forward(self, x, t, embedding):
            seen.append(embedding.dtype)
            return self.weight * x * embedding.sum(dim=(1, 2))[:, None]

    denoise = Denoiser(Embedded(), schedules.cosine(), "v", null=torch.zeros(1, 4, 2))
    assert condition_on(denoise, torch.ones(4, 2, dtype=torch.long))(X.float(), 500.0).x0.dtype == torch.float32
    assert denoise(X.float(), 500.0).x0.isfinite().all() and seen == [torch.float16] * 2


def test_who_takes_a_condition():
    assert takes_condition(LABELLED) and takes_condition(clip(told())) and takes_condition(told(reads=True))
    assert not takes_condition(head(schedules.flow(), "x0")) and not takes_condition(lambda x, t: x)


def test_a_row_of_each_or_one_for_all():
    assert rows_for(torch.tensor([[1, 2, 3]]), X).tolist() == [[1, 2, 3]] * 2
    with pytest.raises(ValueError, match="3 labels for a batch of 2: give one label"):
        rows_for(torch.tensor([1, 2, 3]), X)
    with pytest.raises(ValueError, match="3 conditions for a batch of 2: give one condition"):
        rows_for(torch.zeros(3, 4), X)


@pytest.mark.parametrize("wrong", [None, "seven", 0.5, [0.5], [True], [[1, 2]], [], 1j, [[1], [2, 3]], object()])
def test_what_is_no_label_is_refused(wrong):
    with pytest.raises(ValueError, match="labels must be whole numbers"):
        condition_on(LABELLED, wrong)


@pytest.mark.parametrize("wrong", [None, "seven", [[1], [2, 3]], object()])
def test_what_is_no_condition_is_refused(wrong):
    with pytest.raises(ValueError, match="a condition is a tensor"):
        condition_on(told(), wrong)
    with pytest.raises(ValueError, match="takes no condition"):
        condition_on(head(schedules.flow(), "x0"), wrong)


def test_classes_and_another_null_exclude_each_other():
    with pytest.raises(ValueError, match="either classes"):
        Denoiser(lambda x, t, c: x, schedules.cosine(), classes=10, null=torch.zeros(1, 3))
