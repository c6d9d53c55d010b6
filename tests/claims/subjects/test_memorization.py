"""C22a: copies are looked for in the whole training set, with a stated power, and real images are no copies."""

import pytest

from claims import images
from claims.numbers import by_name
from claims.register import measurements_of
from claims.subjects import memorization
from claims.verdicts import NOT_MEASURABLE
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


def test_a_pair_kept_out_of_training_stands_in_for_a_hostile_prompt_and_decides_nothing(monkeypatch):
    kept_out = {s: {"digits": {"all said": [100 * s, 512, 100 * s / 512, 0, 1]}} for s in (1, 2, 4, 5)}
    figures = {f"held-out pairs, s = {s}": kept_out[min(s, 5)] for s in (1, 2, 4, 8)}
    monkeypatch.setattr(images.system_table, "read", lambda: figures)
    shares = memorization.hostile_prompts()
    assert [number.of for number in shares] == [512] * 4 and shares[0].value < shares[-1].value
    assert measurements_of("C46")[0].rule(by_name(shares)).word == NOT_MEASURABLE
