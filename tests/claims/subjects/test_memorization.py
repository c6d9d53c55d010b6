"""C22a: copies are looked for in the whole training set, with a stated power, and real images are no copies."""

import pytest

from claims.numbers import by_name
from claims.subjects import memorization
from diffusion_lessons.metrics import features


@pytest.mark.parametrize(
    ("network", "data", "images", "power"),
    [("mnist-diffusion", "mnist", 60_000, 0.05), ("digits-diffusion", "digits", 1_500, 0.1)],
)
def test_memorisers_are_told_and_a_network_that_draws_real_images_is_not(monkeypatch, network, data, images, power):
    unseen = features.reference(data, "test").features
    monkeypatch.setattr(memorization, "samples", lambda name, count: unseen[:count])
    found = by_name(memorization.copies(network, 290))
    assert found["memorisers that are told from chance, of 2"].value == 2
    assert found["perfect memoriser: share of copies"].value > 0.98
    assert found["1 in 10 repeated: share of copies"].value == pytest.approx(0.1, abs=0.03)
    assert found[f"{network}: share of copies"].value < 0.03
    assert found["training images that are searched"].value == images
    assert 0 < found["smallest share of copies that would be told"].value < power
