"""Networks for these tests: the exact denoiser of a mixture through a prediction type, and one that is told tensors."""

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.estimates import target

MIXTURE = toys.GaussianMixture([[1.0, 0.5], [-1.0, 0.0]], stds=[0.3, 0.5], weights=[1, 2])


def head(path, predicts):
    """The exact denoiser of the mixture, seen through one prediction type as a network."""
    exact = MIXTURE.denoiser(path)

    def network(x, t):
        x0, eps = exact(x, t)
        return target(predicts, x0, eps, path, t)

    return Denoiser(network, path, predicts)


class Told(torch.nn.Module):
    """v at x [B, 2] for a condition of three whole numbers [B, 3], of which order matters."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.words = torch.nn.Parameter(torch.randn(3, 5, 2, generator=generator, dtype=torch.float64))  # place, word
        self.mix = torch.nn.Parameter(torch.randn(2, 2, generator=generator, dtype=torch.float64))

    def forward(self, x, t, tokens):
        return torch.tanh(x @ self.mix + sum(self.words[place, tokens[:, place]] for place in range(3)))


class Reader(Denoiser):
    """It reads texts of at most three letters of "abcd", padded with 0: "ab" is [1, 2, 0]."""

    def read_condition(self, given):
        if isinstance(given, torch.Tensor):
            return given
        texts = [given] if isinstance(given, str) else given
        if not all(isinstance(text, str) and set(text) <= set("abcd") for text in texts):
            raise ValueError(f"a condition is a text of the letters abcd; got {given!r}")
        return torch.tensor([[("abcd".index(letter) + 1) for letter in text] + [0] * (3 - len(text)) for text in texts])


def told(reads=False, card=None, path=None):
    """A denoiser whose condition is a tensor [B, 3] with zeros as its null; with `reads`, one that is given texts."""
    kind = Reader if reads else Denoiser
    null = torch.zeros(1, 3, dtype=torch.long)
    return kind(Told(), path or schedules.cosine(), "v", null=null, shape=(2,), card=card)
