"""The probe finds copies among samples, and takes no real image for one beyond chance."""

import torch

from claims.copies import CHANCE, Probe


def images(n: int, seed: int) -> torch.Tensor:
    return torch.randn(n, 1, 4, 4, generator=torch.Generator().manual_seed(seed))


def test_copies_are_found_and_chance_is_what_it_was_set_to():
    train, held_out = images(400, 0), images(2000, 1)
    probe = Probe(train, held_out)
    assert probe.copies("train", train[:50]).value == 1
    low, high = probe.copies("fresh", images(5000, 2)).interval()
    assert low < CHANCE < high or abs(high - CHANCE) < 0.005
    mixed = torch.cat([images(270, 3), train[:30]])
    assert probe.copies("one in ten", mixed).interval()[0] > CHANCE


def test_a_copy_lies_nearer_than_near():
    train, held_out = images(400, 0), images(500, 1)
    assert Probe(train, held_out).closeness("train", train[:9]).value < 1e-6
