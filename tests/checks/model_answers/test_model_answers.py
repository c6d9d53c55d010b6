"""What a learner is shown as the solution passes the check, and every exercise has one."""

import pytest

from diffusion_lessons.checks import EXERCISES, check, model_answers


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", EXERCISES)
def test_a_model_answer_passes(name, seed):
    assert check(name, getattr(model_answers, name), seed=seed).passed
