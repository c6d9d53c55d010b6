"""Verdicts on guidance: identities, tables over the scale, negative prompts (C11, C12, C15, C21, C27 to C29)."""

import pytest

from claims import guidance
from claims.evidence import CONDITION, FAILS, HOLDS, NOT_RESOLVABLE
from diffusion_lessons.benchmark.plans import SCALES
from tests.claims.made import row


def guided(scale, frechet=2.0, chosen=None, **metrics):
    return row("dpm_solver_pp_2m", 10, frechet, metrics=metrics, scale=scale, **{"limit": None, **(chosen or {})})


def over_the_scale(adherence=0.0, diversity=0.0, excess=0.0, best=1.0):
    """Metrics that move by so much for each scale of the plan, and a distance that is least at scale `best`."""
    return [
        guided(
            scale,
            frechet=2 + abs(scale - best),
            adherence=0.5 + adherence * place,
            diversity=5 + diversity * place,
            excess=excess * place,
            recall=0.5,
            contrast=1.0,
        )
        for place, scale in enumerate(SCALES)
    ]


def test_scales_zero_and_one_are_the_two_estimates():
    assert guidance.scales_zero_and_one().verdict == HOLDS


@pytest.mark.parametrize(
    ("slopes", "verdict"),
    [
        ({"adherence": 0.05, "diversity": -0.3, "excess": 0.1}, HOLDS),
        ({"adherence": 0.05, "diversity": 0.3, "excess": 0.1}, CONDITION),
        ({}, FAILS),
    ],
)
def test_what_the_scale_does(tables, slopes, verdict):
    tables(*over_the_scale(**slopes))
    assert guidance.adherence_and_diversity_over_the_scale("any").verdict == verdict


@pytest.mark.parametrize(("best", "verdict"), [(1.0, FAILS), (7.5, CONDITION), (10.0, CONDITION)])
def test_the_best_scale(tables, best, verdict):
    tables(*over_the_scale(best=best))
    found = guidance.the_best_scale("any")
    assert found.verdict == verdict and f"smallest at scale {best:g} " in found.because


@pytest.mark.parametrize(("adherence", "verdict"), [(0.5, HOLDS), (0.98, FAILS)])
@pytest.mark.parametrize(("table", "limit"), [("mnist-diffusion", None), ("digits-diffusion", 1.0)])
def test_plain_conditioning_is_weak_where_fewer_samples_are_recognised(tables, table, limit, adherence, verdict):
    tables(guided(1.0, chosen={"limit": limit}, adherence=adherence))
    assert guidance.plain_conditioning(table).verdict == verdict


@pytest.mark.parametrize(
    ("excesses", "verdict"), [((0.1, 0.2, 0.0, 0.0), FAILS), ((0.9, 0.2, 0.0, 0.0), CONDITION), ((0.9,) * 4, HOLDS)]
)
def test_remedies_are_those_that_halve_the_excess(tables, excesses, verdict):
    same = {"contrast": 1.0, "adherence": 0.9, "diversity": 5.0}
    remedies = ({"rescale": 0.7}, {"interval": (0.2, 3.0)}, {"limit": 1.0}, {"limit": 1.0, "percentile": 0.995})
    tables(
        guided(1.0, excess=0.0, **same),
        guided(10.0, excess=1.0, **same),
        *(guided(10.0, excess=e, chosen=remedy, **same) for e, remedy in zip(excesses, remedies, strict=True)),
    )
    assert guidance.remedies_for_oversaturation("any").verdict == verdict


def test_a_default_negative_pays_where_much_is_spoiled(monkeypatch):
    monkeypatch.setattr(guidance, "SAMPLES", 1000)
    monkeypatch.setattr(guidance, "STEPS", 30)
    found = guidance.a_default_against_spoiled_samples()
    value = {number.tag: number.n for number in found.numbers}
    assert found.verdict == CONDITION
    assert value["1% spoiled: negative"] > value["1% spoiled: no negative"]
    assert value["50% spoiled: negative"] < value["50% spoiled: no negative"]


@pytest.mark.parametrize(
    ("distance", "verdict", "says"),
    [(1.5, CONDITION, "helps"), (2.5, FAILS, "harms"), (2.01, NOT_RESOLVABLE, "no difference")],
)
def test_a_default_negative_on_digits(tables, distance, verdict, says):
    rest = {"scale": 2.0, "metrics": {"adherence": 0.9, "diversity": 5.0}}
    tables(
        row("dpm_solver_pp_2m", 10, 2.0, **rest),
        row("dpm_solver_pp_2m", 10, distance, negative=10, **rest),
    )
    found = guidance.a_default_against_smudged_digits()
    assert found.verdict == verdict and says in found.because
