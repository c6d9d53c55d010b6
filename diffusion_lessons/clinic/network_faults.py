"""Faults of a network, of what it is told and of how its answer is read: a faulty denoiser from a good one."""

import copy

import torch
from torch import Tensor, nn

from diffusion_lessons.clinic.readings import Rescaled, retimed
from diffusion_lessons.clinic.short_run import trained_on
from diffusion_lessons.denoisers.conditions import null_condition
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.optimise.copies import network_of


class Deaf(nn.Module):
    """network(x, t, null) whatever the condition: what a network becomes whose labels carry no information."""

    def __init__(self, network: nn.Module, null: int) -> None:
        super().__init__()
        self.network, self.null = network, null

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.network(x, t, torch.full_like(condition, self.null))


def time_in_other_units(denoise: Denoiser) -> Denoiser:
    """The sampler hands t / T to a network that learned t in [0, T]; where T is 1, it hands 1000 t."""
    factor = 1 / denoise.path.T if denoise.path.T > 1 else 1000.0
    return retimed(denoise, lambda t: factor * t)


def time_in_half_precision(denoise: Denoiser) -> Denoiser:
    """t is converted to bfloat16 with the other inputs: of the whole times above 512 a quarter is left."""
    return retimed(denoise, lambda t: t.bfloat16().to(t.dtype))


def read_as_noise(denoise: Denoiser) -> Denoiser:
    """What the network says is v (or a velocity), and the sampler takes it for eps."""
    other = copy.copy(denoise)
    other.predicts = "eps"
    return other


def labels_without_meaning(denoise: Denoiser) -> Denoiser:
    """Images were shuffled in training and their labels were not, so every label came with every kind of image.

    The best answer then is the one without a label, whatever the label, and that is what is made here. (A training that
    long shuffled would learn it; this one is exact.)
    """
    null = int(null_condition(denoise))
    return denoise.with_network(Deaf(network_of(denoise), null))


def null_never_trained(denoise: Denoiser, seed: int = 0) -> Denoiser:
    """No label was dropped in training, so the null's embedding is what `nn.Embedding` starts from, N(0, 1)."""
    network = copy.deepcopy(network_of(denoise))
    label = next(part for part in network.modules() if isinstance(part, nn.Embedding))
    with torch.no_grad():
        label.weight[-1] = torch.randn(label.embedding_dim, generator=torch.Generator().manual_seed(seed))
    return denoise.with_network(network)


def left_in_train_mode(denoise: Denoiser, dropout: float = 0.2) -> Denoiser:
    """A network with dropout, as a recipe with `dropout=0.2` makes it, of which nobody called `eval()`."""
    network = copy.deepcopy(network_of(denoise))
    for part in network.modules():
        if isinstance(part, nn.Dropout):
            part.p = dropout
    return denoise.with_network(network.train())


def weights_of_the_last_step(denoise: Denoiser, images: Tensor, labels: Tensor, seed: int = 0) -> Denoiser:
    """The weights of a training step, not their average: training goes on at the recipe's highest learning rate."""
    return trained_on(denoise, images, labels, steps=50, batch=16, rate=2e-3, seed=seed)[0]


def learned_from_zero_to_one(denoise: Denoiser) -> Rescaled:
    """What a network of the same quality says that learned from images in [0, 1]: exact, without a training."""
    return Rescaled(denoise, 0.5, 0.5)
