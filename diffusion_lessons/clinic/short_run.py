"""A short training that goes on from a network: it makes weights that are no average, and shows whether one helps."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from diffusion_lessons import networks
from diffusion_lessons.denoisers.conditions import null_condition, takes_condition
from diffusion_lessons.denoisers.network import Denoiser
from diffusion_lessons.optimise.copies import network_of
from diffusion_lessons.training.batches import stratified
from diffusion_lessons.training.ema import EMA
from diffusion_lessons.training.losses import loss, sample_times

DROPPED = 0.1  # of the conditions, as the course's recipes do


def trained_on(
    denoise: Denoiser,
    images: Tensor,
    conditions: Tensor | None = None,
    *,
    steps: int = 30,
    batch: int = 16,
    rate: float = 5e-4,
    average_from: int = 5,
    seed: int = 0,
) -> tuple[Denoiser, Denoiser]:
    """The denoiser after some steps of AdamW at a constant rate, and with the average of its weights on the way.

    The loss is that of its own prediction type, on these images; `average_from` steps are left out of the average. The
    denoiser that is given stays as it is. Raises ValueError for one without a network to train.
    """
    network = copy.deepcopy(network_of(denoise)).train().requires_grad_(True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
    generator = torch.Generator().manual_seed(seed)
    average: EMA | None = None
    for step in range(steps):
        rows = torch.randint(len(images), (batch,), generator=generator)
        eps = torch.randn(batch, *images.shape[1:], generator=generator)
        t = sample_times(stratified(batch, generator).double(), denoise.path)
        told = None if conditions is None else dropped(denoise, conditions[rows], generator)
        with torch.enable_grad():
            error = loss(network, images[rows], eps, t, denoise.path, denoise.predicts, told)
            optimizer.zero_grad(set_to_none=True)
            error.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step == average_from:
            average = EMA(network, share=1.0)  # of all steps from here on alike
        elif average is not None:
            average.update(network, step - average_from)
    return _done(denoise, network), _done(denoise, average.network if average else network)


def averaging_gain(denoise: Denoiser, images: Tensor, conditions: Tensor | None, measure: Any, **options: Any) -> float:
    """By which share `measure(denoiser)`, a loss, falls when training goes on a little and the weights are averaged.

    Weights that are an average already stand at the bottom of the valley in which single steps jump about: then there
    is nothing to gain, and the short training costs a little.
    """
    _, average = trained_on(denoise, images, conditions, **options)
    before = measure(denoise)
    return (before - measure(average)) / before


def dropped(denoise: Any, conditions: Tensor, generator: torch.Generator) -> Tensor:
    """Conditions [B, ...], a tenth of them replaced by the null where there is one."""
    if not takes_condition(denoise):
        return conditions
    null = null_condition(denoise).to(conditions.dtype).expand_as(conditions)
    chosen = torch.rand(len(conditions), generator=generator) < DROPPED
    return torch.where(chosen.view(-1, *[1] * (conditions.ndim - 1)), null, conditions)


def fresh(denoise: Denoiser, seed: int = 0) -> Denoiser:
    """The denoiser with a network of the same build whose weights are those before any training.

    A network of this library is built anew from its configuration. In any other, each layer that can
    (`reset_parameters`, as all layers of PyTorch have it) starts again, and parameters outside of layers are kept.
    Raises ValueError for a denoiser without a network.
    """
    network = network_of(denoise)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            new = networks.build(networks.card(network))
        except ValueError:  # a network of one's own
            new = copy.deepcopy(network)
            for part in new.modules():
                if callable(reset := getattr(part, "reset_parameters", None)):
                    reset()
    return denoise.with_network(new.to(denoise.device or "cpu"))


def _done(denoise: Denoiser, network: nn.Module) -> Denoiser:
    return denoise.with_network(network.eval().requires_grad_(False))
