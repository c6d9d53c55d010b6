"""The probe flags a model that holds its training images and nothing else, and clears one that does not."""

import pytest
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.data import load_data
from diffusion_lessons.metrics.memorization import memorization_probe


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


def test_sets_that_do_not_fit_are_refused(digits):
    train, held_out, new = digits
    with pytest.raises(ValueError, match="at least 2 held-out"):
        memorization_probe(new, train, held_out[:1])
    with pytest.raises(ValueError, match="differ in shape"):
        memorization_probe(new[..., :4], train, held_out)
    with pytest.raises(ValueError, match="hold NaN"):
        memorization_probe(new / 0, train, held_out)
