"""Couples of noise and sample stay together, whatever is asked of them."""

import torch

from diffusion_lessons.training.batches import draw_batch
from diffusion_lessons.training.pairs import Pairs


def numbered(count=12):
    """Pairs that carry their own number in the sample, and its negative in the noise."""
    x0 = torch.arange(count).half().view(-1, 1, 1, 1).expand(-1, 1, 2, 3).contiguous()
    return Pairs(-x0, x0, torch.arange(count) % 3, ("even", "odd"), {"name": "numbers"})


def test_a_batch_holds_samples_labels_and_their_noise_in_float32():
    pairs, indices = numbered(), torch.tensor([7, 0, 7])
    x0, labels = pairs.batch(indices)
    eps = pairs.noise(indices)
    assert x0.dtype == eps.dtype == torch.float32
    assert x0[:, 0, 0, 0].tolist() == [7, 0, 7] and labels.tolist() == [1, 0, 1]
    assert torch.equal(eps, -x0)


def test_the_interface_is_that_of_data():
    pairs = numbered()
    assert len(pairs) == 12 and pairs.shape == (1, 2, 3) and pairs.device == torch.device("cpu")
    moved = pairs.to("meta")
    assert moved.eps.device == moved.x0.device == moved.labels.device == torch.device("meta")
    assert moved.classes == pairs.classes and moved.card == pairs.card


def test_a_training_batch_takes_their_own_noise():
    batch = draw_batch(numbered(), 8, seed=1, step=0)
    assert torch.equal(batch.eps, -batch.x0)
