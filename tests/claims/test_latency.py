"""Verdicts on cost (C13, C16, C26)."""

import pytest

from claims import latency
from claims.evidence import CONDITION, FAILS, NOT_MEASURABLE
from diffusion_lessons.benchmark.shipped import NotMeasured
from tests.claims.made import row


def test_guidance_takes_two_evaluations_where_it_guides():
    found = latency.two_passes()
    assert found.verdict == CONDITION and [number.n for number in found.numbers[:3]] == [2, 1, 1]
    assert 1 < found.numbers[3].n < 2


@pytest.mark.parametrize(("distance", "verdict"), [(2.01, CONDITION), (2.5, FAILS)])
def test_half_precision(tables, distance, verdict):
    tables(
        row("dpm_solver_pp_2m", 10, 2.0, seconds=1.0),
        row("dpm_solver_pp_2m", 10, distance, seconds=0.5, precision="bfloat16"),
    )
    found = latency.half_precision()
    assert found.verdict == verdict and found.numbers[-1].n == 2


def test_an_absolute_latency_is_nobody_elses(tables):
    tables(row("ddpm", 1000, seconds=3.0))
    found = latency.absolute_latency()
    assert found.verdict == NOT_MEASURABLE and found.numbers[0].n == 3
    tables(row("ddpm", 1000))
    with pytest.raises(NotMeasured, match="latency of DDPM"):
        latency.absolute_latency()
