"""The probe flags a model that holds its training images and nothing else, and clears one that does not."""

import pytest
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.memorization import index_of, memorization_probe


@pytest.fixture(scope="module")
def digits():
    images = load_data("digits", "all").images
    return images[:50], images[50:150], images[150:350]  # training, held out, new real ones


def test_the_exact_denoiser_of_fifty_images_is_flagged(digits):
    train, held_out, _ = digits
    path = schedules.cosine()
    memory = toys.point_masses(train).denoiser(path)
    x = sample(samplers.ddim, memory, path.prior((60, 1, 8, 8), torch.Generator().manual_seed(0)), path, path.grid(10))
    found = memorization_probe(x, train, held_out)
    assert found.memorised and found.copied > 0.9 and found.closer > 0.9
    torch.testing.assert_close(train[found.nearest], x, atol=1e-3, rtol=0)


def test_real_images_never_seen_are_cleared(digits):
    train, held_out, new = digits
    found = memorization_probe(new, train, held_out)
    assert not found.memorised and found.copied < 0.05 and 0.35 < found.closer < 0.65
    assert "no more copies" in str(found)


def test_a_few_copies_among_many_are_found(digits):
    train, held_out, new = digits
    mixed = torch.cat([new, train[:40]])
    assert memorization_probe(mixed, train, held_out).memorised
    assert memorization_probe(mixed, train, held_out).copied == pytest.approx(40 / 240, abs=0.02)


@pytest.mark.parametrize("whole", [True, False], ids=["the whole training set", "an index of it"])
def test_a_tenth_of_copies_is_caught_at_the_stated_power(whole):
    """Real images never seen, of which a tenth is replaced by training images drawn from *all* of them."""
    reference, held_out = features.reference("mnist", "train"), features.reference("mnist", "test").features
    train = features.training_index("mnist") if not whole else reference.features
    copies = reference.features  # a sixth of the 60,000: no luck of the choice, since the index holds all
    generator, caught = torch.Generator().manual_seed(0), 0
    for trial in range(8):
        order = torch.randperm(len(held_out), generator=generator)
        new, known = held_out[order[:300]].clone(), held_out[order[300:3000]]
        new[:30] = copies[torch.randperm(len(copies), generator=generator)[:30]]
        found = memorization_probe(new, train, known, seed=trial)
        assert 0.08 < found.copied < 0.14 and found.recognised > 0.99 and found.detectable < 0.05
        caught += found.memorised
    assert caught == 8
    clean = memorization_probe(held_out[order[:300]], train, known)
    assert not clean.memorised and "would have given away" in str(clean)
    assert clean.trained_on == (10_000 if whole else 60_000)


def test_the_stated_power_is_that_of_repeated_trials():
    """With the smallest share of copies that is said to be detectable, 95 of 100 trials say so."""
    generator = torch.Generator().manual_seed(0)
    train, held_out = (torch.randn(n, 6, generator=generator) for n in (2000, 1000))
    share = memorization_probe(torch.randn(200, 6, generator=generator), train, held_out).detectable
    caught = 0
    for _ in range(60):
        copied = torch.rand(200, generator=generator) < share
        new = torch.where(
            copied[:, None],
            train[torch.randint(2000, (200,), generator=generator)],
            torch.randn(200, 6, generator=generator),
        )
        caught += memorization_probe(new, train, held_out).memorised
    assert 0.02 < share < 0.2 and 0.85 <= caught / 60 <= 1.0


def test_an_index_finds_what_the_features_themselves_find():
    generator = torch.Generator().manual_seed(1)
    centres = 5 * torch.randn(10, 64, generator=generator)
    x = centres[torch.randint(10, (3000,), generator=generator)]
    x = x + torch.randn(3000, 8, generator=generator) @ torch.randn(8, 64, generator=generator)
    index = index_of(x[:2000])
    assert index.codes.dtype == torch.int8 and index.codes.shape == (2000, 16)
    found = memorization_probe(torch.cat([x[:50], x[2000:2050]]), index, x[2050:])
    assert found.copied == pytest.approx(0.5, abs=0.03) and found.nearest[:50].tolist() == list(range(50))


def test_sets_that_do_not_fit_are_refused(digits):
    train, held_out, new = digits
    with pytest.raises(ValueError, match="1 held-out images: give at least 4"):
        memorization_probe(new, train, held_out[:1])
    with pytest.raises(ValueError, match="differ in shape"):
        memorization_probe(new[..., :4], train, held_out)
    with pytest.raises(ValueError, match="hold NaN"):
        memorization_probe(new / 0, train, held_out)
