"""Guidance where a condition is a tensor of numbers, or a text that the network reads, as it is for labels."""

import pytest
import torch

from diffusion_lessons import samplers
from diffusion_lessons.denoisers import clip, condition_on, count_calls
from diffusion_lessons.guidance import classifier_free
from tests.denoisers.heads import told
from tests.guidance.problems import assert_equal, noise


@pytest.mark.parametrize("t", [300.0, torch.tensor([999.0, 300.0, 20.0, 500.0], dtype=torch.float64)])
@pytest.mark.parametrize("batched", [True, False])
def test_a_condition_may_be_a_tensor_with_a_null_of_its_own(t, batched):
    denoise, x, s = told(), noise(), 3.0
    towards, away = torch.tensor([[1, 2, 0], [3, 0, 0], [2, 2, 2], [4, 1, 0]]), [3, 4, 0]
    null, n, c = denoise(x, t), denoise(x, t, torch.tensor([away])), denoise(x, t, towards)
    guided = classifier_free(denoise, towards, s, batched=batched)(x, t)
    torch.testing.assert_close(guided.eps, null.eps + s * (c.eps - null.eps))
    negative = classifier_free(denoise, towards, s, away, batched=batched)(x, t)
    torch.testing.assert_close(negative.x0, n.x0 + s * (c.x0 - n.x0))
    assert_equal(classifier_free(denoise, towards, 1.0)(x, t), condition_on(denoise, towards)(x, t))
    assert_equal(classifier_free(denoise, towards, 0.0)(x, t), denoise(x, t))
    assert_equal(classifier_free(denoise, towards, s, [0, 0, 0], batched=batched)(x, t), guided)


def test_an_interval_rescaling_and_counting_are_the_same_for_tensor_conditions():
    denoise, x, towards = told(), noise(), [1, 2, 0]
    plain = condition_on(denoise, towards)(x, 500.0)
    inside, outside = (classifier_free(denoise, towards, 3.0, interval=ends) for ends in ((0.0, 1e4), (1e4, 1e5)))
    assert_equal(inside(x, 500.0), classifier_free(denoise, towards, 3.0)(x, 500.0))
    assert_equal(outside(x, 500.0), plain)
    x0, eps = classifier_free(denoise, towards, 3.0, rescale=1.0)(x, 500.0)
    torch.testing.assert_close(x0.std(dim=1, correction=0), plain.x0.std(dim=1, correction=0))
    torch.testing.assert_close(denoise.path.alpha(500.0) * x0 + denoise.path.sigma(500.0) * eps, x)
    counted = count_calls(clip(classifier_free(denoise, towards, 3.0), 1.0))
    samplers.sample(samplers.ddim, counted, x, denoise.path, denoise.path.grid(5))
    assert counted.nfe == 10


def test_a_denoiser_is_guided_by_what_it_reads():
    by_text, by_number, x = told(reads=True), told(), noise()
    guided = classifier_free(by_text, ["ab", "c", "bbb", "da"], 3.0, negative="cd")
    numbers = classifier_free(by_number, [[1, 2, 0], [3, 0, 0], [2, 2, 2], [4, 1, 0]], 3.0, negative=[3, 4, 0])
    assert_equal(guided(x, 300.0), numbers(x, 300.0))


def test_what_is_wrong_with_a_tensor_condition_is_said_of_conditions():
    dropped = told(card={"recipe": {"condition_dropout": 0.0}})
    cases = {
        "2 conditions for a batch of 4": lambda: classifier_free(told(), [[1, 2, 0], [3, 0, 0]], 3.0)(noise(), 5.0),
        r"conditions are whole numbers of shape \[B, 3\].*got whole numbers of shape \[B, 2\]": lambda: classifier_free(
            told(), [[1, 2]], 3.0
        ),
        "got numbers of shape": lambda: classifier_free(told(), [0.5, 1.0, 2.0], 3.0),
        "a text of the letters abcd; got 'xyz'": lambda: classifier_free(told(reads=True), "xyz", 3.0),
        "condition_dropout": lambda: classifier_free(dropped, [1, 2, 0], 3.0),
    }
    for message, case in cases.items():
        with pytest.raises(ValueError, match=message):
            case()
    classifier_free(dropped, [1, 2, 0], 3.0, negative=[1, 0, 0])
    classifier_free(dropped, [1, 2, 0], 1.0)
