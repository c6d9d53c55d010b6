"""Verdicts on the noise of DDPM and on its training (C4, C5, C23)."""

import pytest

from claims import ddpm
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE
from diffusion_lessons.benchmark.shipped import NotMeasured
from tests.claims.made import row


@pytest.mark.parametrize(
    ("small", "large", "verdict"),
    [(3.0, 4.0, HOLDS), (2.0, 4.0, CONDITION), (1.0, 2.0, FAILS), (2.01, 1.99, NOT_RESOLVABLE)],
)
@pytest.mark.parametrize("more", [ddpm.CLIPPED, ddpm.PUBLISHED])
def test_noise_is_worse_where_its_distance_is_larger_beyond_the_errors(tables, more, small, large, verdict):
    tables(
        row("ddim", 10, 2.0, **more),
        row("ddim", 10, small, options={"eta": 1.0}, **more),
        row("ddpm", 10, large, options={"variance": "large"}, **more),
    )
    assert ddpm.noise_in_large_steps_on_mnist(10, more).verdict == verdict
    with pytest.raises(NotMeasured, match="ddim@50, ddim@50, ddpm@50 at one sample count"):
        ddpm.noise_in_large_steps_on_mnist(50, more)


def test_a_training_step_costs_one_pass():
    found = ddpm.passes_of_a_training_step()
    assert found.verdict == FAILS and found.numbers[0].n == 1
