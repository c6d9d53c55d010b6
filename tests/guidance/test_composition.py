"""Composition against its parts, and what it pays."""

import pytest
import torch

from diffusion_lessons.denoisers import condition_on, count_calls
from diffusion_lessons.guidance import classifier_free, compose
from tests.denoisers.heads import told
from tests.guidance.problems import CLASSES, FLOW, NULL, assert_close, assert_equal, conditional, noise


def test_composition_reduces_to_its_parts():
    denoise, x = conditional(), noise()
    assert_close(compose(denoise, [1], [3.0])(x, 0.5), classifier_free(denoise, 1, 3.0)(x, 0.5))
    assert_equal(compose(denoise, [1, 2], [1.0, 0.0])(x, 0.5), condition_on(denoise, 1)(x, 0.5))
    assert_equal(compose(denoise, [1, 2], [0.0, 0.0])(x, 0.5), denoise(x, 0.5))
    assert_close(compose(denoise, [1, 1], [1.0, 2.0])(x, 0.5), classifier_free(denoise, 1, 3.0)(x, 0.5))
    assert_close(compose(denoise, [1, 2], [3.0, -2.0])(x, 0.5), classifier_free(denoise, 1, 3.0, negative=2)(x, 0.5))
    u, a, b = (denoise(x, 0.5, torch.full((4,), label)) for label in (NULL, 0, 2))
    guided = compose(denoise, [0, 2], [2.0, -0.5], batched=False)(x, 0.5)
    torch.testing.assert_close(guided.eps, u.eps + 2.0 * (a.eps - u.eps) - 0.5 * (b.eps - u.eps))


def test_composition_pays_for_what_it_uses():
    for weights, nfe in (([2.0, -0.5], 3), ([3.0, -2.0], 2), ([1.0, 0.0], 1), ([0.0, 0.0], 1)):
        counted = count_calls(compose(conditional(), [0, 2], weights))
        counted(noise(), 0.5)
        assert counted.nfe == nfe


SUMS_TO_ONE = {
    "numbers": [0.7, 0.2, 0.1],  # whose floating sum is 0.9999999999999999
    "single precision": [torch.tensor(0.7), torch.tensor(0.2), torch.tensor(0.1)],
    "one for each sample": [[0.7, 0.5, 0.1, 3.0], torch.tensor([0.2, 0.25, 0.3, -1.0]), [0.1, 0.25, 0.6, -1.0]],
}


@pytest.mark.parametrize("weights", SUMS_TO_ONE.values(), ids=SUMS_TO_ONE)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_weights_that_add_up_to_1_leave_nothing_for_the_unconditional_pass(weights, dtype):
    counted = count_calls(compose(CLASSES.denoiser(FLOW), [0, 1, 2], weights))
    assert counted(noise().to(dtype), 0.5).x0.dtype == dtype
    assert counted.nfe == 3
    never_dropped = conditional(card={"recipe": {"condition_dropout": 0.0}})
    compose(never_dropped, [0, 1, 2], weights)
    with pytest.raises(ValueError, match="weights that add up to 1"):
        compose(never_dropped, [0, 1, 2], [0.7, 0.2, 0.2])
    with pytest.raises(ValueError, match="condition_dropout"):  # the null by its own label
        compose(never_dropped, [0, 1, NULL], weights)
    compose(never_dropped, [0, 1, NULL], [0.5, 0.5, 0.0])  # it has no weight


def test_a_function_may_leave_something_for_the_unconditional_pass():
    with pytest.raises(ValueError, match="condition_dropout"):
        compose(conditional(card={"recipe": {"condition_dropout": 0.0}}), [0, 1], [lambda level: 0.5, 0.5])
    counted = count_calls(compose(conditional(), [0, 1, 2], [lambda level: 0.7, 0.2, 0.1]))
    counted(noise(), 0.5)
    assert counted.nfe == 3


def test_a_rest_that_is_not_rounding_is_paid_for():
    counted = count_calls(compose(conditional(), [0, 1], [0.5, 0.5 - 1e-5]))
    counted(noise(), 0.5)
    assert counted.nfe == 3


def test_composition_of_tensor_conditions():
    denoise, x = told(reads=True), noise()
    u, a, b = denoise(x, 300.0), denoise(x, 300.0, "ab"), denoise(x, 300.0, "c")
    guided = compose(denoise, ["ab", "c"], [2.0, -0.5])
    torch.testing.assert_close(guided(x, 300.0).eps, u.eps + 2.0 * (a.eps - u.eps) - 0.5 * (b.eps - u.eps))
    counted = count_calls(guided)
    counted(x, 300.0)
    assert counted.nfe == 3
    assert_close(
        compose(denoise, ["ab", "c"], [3.0, -2.0])(x, 300.0), classifier_free(denoise, "ab", 3.0, "c")(x, 300.0)
    )


def test_weights_for_batches_of_several_sizes_are_refused():
    with pytest.raises(ValueError, match="weights for 2 and for 3 samples"):
        compose(conditional(), [0, 1], [[1.0, 2.0], [1.0, 2.0, 3.0]])


def test_a_null_row_among_negatives_or_conditions_has_to_be_trained():
    denoise = conditional(card={"recipe": {"condition_dropout": 0.0}})
    for refused in (
        lambda: classifier_free(denoise, [0, 1], 3.0, negative=[2, NULL]),
        lambda: classifier_free(denoise, NULL, 3.0, negative=1),
        lambda: classifier_free(denoise, [0, NULL], 1.0),
    ):
        with pytest.raises(ValueError, match="condition_dropout"):
            refused()
