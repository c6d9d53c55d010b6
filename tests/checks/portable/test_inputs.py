"""Fresh inputs lie in the ranges on which mistakes show."""

import numpy as np
import pytest

from diffusion_lessons.checks.portable import inputs


@pytest.fixture
def draws():
    rng = np.random.default_rng(0)
    return lambda draw: [draw(rng) for _ in range(500)]


def test_numbers_are_away_from_zero_and_of_both_signs(draws):
    numbers = draws(inputs.number)
    assert all(0.5 <= abs(number) <= 2 for number in numbers) and min(numbers) < 0 < max(numbers)


def test_levels_and_times_are_ordered_and_away_from_their_ends(draws):
    assert all(0.15 <= level <= 0.75 for level in draws(inputs.level))
    assert all(0.1 <= noisy < noisy + 0.2 <= clean <= 0.9 for noisy, clean in draws(inputs.two_levels))
    assert all(0 < clean < noisy < 1 for noisy, clean in draws(inputs.two_times))
    assert all(1.5 <= scale <= 8 for scale in draws(inputs.guidance_scale))


def test_a_step_is_of_numbers_or_of_what_is_drawn(draws):
    (x, eps, z, noisy, clean), *_ = draws(inputs.noisy_step)
    assert all(isinstance(value, float) for value in (x, eps, z)) and noisy < clean
    (x, eps, z, *_), *_ = draws(lambda rng: inputs.noisy_step(rng, inputs.batch))
    assert x.shape == eps.shape == z.shape == (3, 2, 2) and not np.allclose(x, eps)


def test_a_seed_gives_the_same_inputs_and_another_gives_others():
    one, same, other = (inputs.batch(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)


def test_tensors_have_a_batch_axis_and_double_precision():
    assert inputs.tensor(2.5).tolist() == [2.5] and inputs.tensor(np.ones((3, 2))).shape == (3, 2)
    assert str(inputs.tensor(1.0).dtype) == "torch.float64"
