"""Conditional denoisers to guide: a made network and an exact one, noise, and how estimates are compared."""

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.denoisers import Denoiser

NULL = 3
FLOW = schedules.flow()
CLASSES = toys.ConditionalMixture(
    [
        toys.GaussianMixture([[2.0, 0.0]], stds=0.5),
        toys.GaussianMixture([[-1.0, 1.0], [-1.0, -1.0]], stds=0.3),
        toys.GaussianMixture([[0.0, 2.0]], stds=0.8),
    ],
    weights=[1, 2, 1],
)


def conditional(path=FLOW, card=None):
    """A network with a different answer for each label and for the null, as a denoiser."""
    torch.manual_seed(0)
    mix, label = torch.nn.Linear(2, 2).double(), torch.nn.Embedding(NULL + 1, 2).double()
    predicts = "velocity" if path == FLOW else "v"
    return Denoiser(lambda x, t, c: torch.tanh(mix(x) + label(c)), path, predicts, classes=NULL, shape=(2,), card=card)


def noise(batch=4, seed=0):
    return torch.randn(batch, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def assert_equal(one, other):
    assert torch.equal(one.x0, other.x0) and torch.equal(one.eps, other.eps)


def assert_close(one, other):
    torch.testing.assert_close(one.x0, other.x0, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(one.eps, other.eps, rtol=1e-10, atol=1e-10)
