"""Spoiled digits: an eleventh class, reproducible, and visibly worse than the digits they come from."""

import pytest
import torch

from diffusion_lessons.data import Data, load_data
from diffusion_lessons.data.smudged import smudge, with_smudged


def test_smudged_digits_are_an_eleventh_class():
    data = load_data("digits")
    more = with_smudged(data, share=0.1, seed=3)
    assert len(more) == more.card["count"] == 1650
    assert more.classes == (*"0123456789", "smudged") and (more.labels[1500:] == 10).all()
    assert torch.equal(more.pixels[:1500], data.pixels)
    assert torch.equal(more.pixels, with_smudged(data, share=0.1, seed=3).pixels)
    assert not torch.equal(more.pixels, with_smudged(data, share=0.1, seed=4).pixels)
    with pytest.raises(ValueError, match="already"):
        with_smudged(more)
    with pytest.raises(ValueError, match="not in"):
        with_smudged(data, share=0.0)


def test_smudging_takes_away_sharpness_or_adds_noise():
    images = load_data("digits").images
    spoiled = smudge(images, torch.Generator().manual_seed(0))
    assert spoiled.shape == images.shape and spoiled.abs().max() <= 1.0

    def roughness(x):  # mean squared difference of neighbouring pixels, [N]
        return (x[..., 1:] - x[..., :-1]).square().mean((1, 2, 3))

    change = roughness(spoiled) / roughness(images)
    blurred, noisy = (change < 0.6).float().mean(), (change > 1.0).float().mean()
    assert 0.4 < blurred < 0.6 and noisy > 0.3


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 4, 64), (3, 64, 2), (1, 1, 8)])
def test_images_of_a_few_pixels_are_smudged_too(shape):
    data = Data(torch.zeros(4, *shape, dtype=torch.uint8), torch.zeros(4).long(), ("a",), {})
    assert len(with_smudged(data, share=1.0)) == 8
