"""The parts of a text-to-image system, timed: here one with random weights."""

from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import inference
from diffusion_lessons import checkpoints
from tests.captions.small import small_denoiser


def test_parts_are_timed_and_the_cache_is_compared(monkeypatch):
    monkeypatch.setattr(checkpoints, "load", lambda name: small_denoiser())
    monkeypatch.setattr(inference, "MANY_ROUNDS", 2)
    numbers = by_name(inference.parts_of_a_system())
    for claim in ("C18a", "C18b", "C18c"):
        (test,) = measurements_of(claim)
        assert set(test.rule.names) <= set(numbers)
    shares = [numbers[f"share of the {part} in 20 steps"].value for part in ("denoiser", "decoder")]
    assert min(shares) > 0 and sum(shares) < 1
    assert numbers["change of a pixel with the cache"].value < 1e-4
