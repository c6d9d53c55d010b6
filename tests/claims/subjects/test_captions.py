"""What is measured of the text-to-image system: on one with random weights, and on a made figure."""

from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import inference, negative
from claims.verdicts import FAILS, HOLDS
from diffusion_lessons import checkpoints
from tests.captions.small import small_denoiser


def test_parts_are_timed_and_the_cache_is_compared(monkeypatch):
    monkeypatch.setattr(checkpoints, "load", lambda name: small_denoiser())
    monkeypatch.setattr(inference, "ROUNDS", 2)
    numbers = by_name(inference.parts_of_a_system())
    for claim in ("C18a", "C18b", "C18c"):
        (test,) = measurements_of(claim)
        assert set(test.rule.names) <= set(numbers)
    shares = [numbers[f"share of the {part} in 20 steps"].value for part in ("denoiser", "decoder")]
    assert min(shares) > 0 and sum(shares) < 1
    assert numbers["change of a pixel with the cache"].value < 1e-4


def test_a_negative_is_judged_by_the_pairs_that_it_changes(monkeypatch):
    rule = measurements_of("C43")[0].rule
    for minus, word in (([40, 2], HOLDS), ([2, 40], FAILS)):
        shares = {"with": {"smudged": [10, 500, 0.02]}, "without": {"smudged": [48, 500, 0.096]}}
        figures = {"default negative, s = 2": {**shares, "smudged minus": minus}}
        monkeypatch.setattr(negative.system_table, "read", lambda figures=figures: figures)
        numbers = by_name(negative.the_unwanted(sentences=True))
        assert numbers["smudged: negative minus none"].value == (minus[1] - minus[0]) / 500
        assert rule(numbers).word == word
